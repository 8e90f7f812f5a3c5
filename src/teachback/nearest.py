"""Finds the examples whose inputs are most like one input, by the words that they share."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from teachback.json_types import Json, JsonObject

_WORD = re.compile(r"\w+")
_MOST_WORDS = 2_000  # of one input; more say little about what it is like
_COMMON_SHARE = 0.5  # a word in more examples than this tells them apart no more
_FEW_EXAMPLES = 20  # among so few, every word counts


class WordIndex:
    """Which inputs hold which word. Made once for a set of examples; asked without changing it."""

    def __init__(self, inputs: Sequence[JsonObject]) -> None:
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = {}
        for place, value in enumerate(inputs):
            words = set(_list_words(value))
            self._sizes.append(len(words))
            for word in words:
                self._holders.setdefault(word, []).append(place)
        most = len(self._sizes) * _COMMON_SHARE if len(self._sizes) > _FEW_EXAMPLES else len(self._sizes)
        self._holders = {word: places for word, places in self._holders.items() if len(places) <= most}

    def find_nearest(self, value: JsonObject, most: int) -> tuple[int, ...]:
        """The places of the inputs that share words with this one, the most alike first, at most so many.

        Likeness is the number of shared words divided by the root of the product of both numbers of words. Among
        equals, the earlier place comes first.
        """
        words = set(_list_words(value))
        shared: Counter[int] = Counter()
        for word in words:
            shared.update(self._holders.get(word, ()))
        likeness = {
            place: count / math.sqrt(len(words) * self._sizes[place]) for place, count in shared.items() if count
        }
        return tuple(sorted(likeness, key=lambda place: (-likeness[place], place))[: max(0, most)])


def _list_words(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield from _WORD.findall(value.casefold())[:_MOST_WORDS]
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _list_words(inner)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _list_words(item)
    elif value is not None:
        yield str(value)
