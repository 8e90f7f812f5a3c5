"""What the names of a span's attributes tell, whatever their values: the same sets of names come again and again."""

from dataclasses import dataclass
from functools import lru_cache

from teachback_server.jobs.meaning.convention import Means
from teachback_server.jobs.meaning.spans import Attributes
from teachback_server.jobs.meaning.tables import (
    KNOWN_NAMES,
    LONGEST_NAME,
    find_marked_convention,
    is_feedback,
    is_unread,
    list_keys,
)

Keys = tuple[str, ...]

KIND = list_keys(Means.KIND)
STEP_NAME = list_keys(Means.STEP_NAME)
AGENT_NAME = list_keys(Means.AGENT_NAME)
TOOL_NAME = list_keys(Means.TOOL_NAME)
MODEL = list_keys(Means.MODEL)
INPUT_TOKENS = list_keys(Means.INPUT_TOKENS)
OUTPUT_TOKENS = list_keys(Means.OUTPUT_TOKENS)
TOTAL_TOKENS = list_keys(Means.TOTAL_TOKENS)
SOME_INPUT_TOKENS = list_keys(Means.SOME_INPUT_TOKENS)
SOME_OUTPUT_TOKENS = list_keys(Means.SOME_OUTPUT_TOKENS)
USAGE = list_keys(Means.USAGE)
COST = list_keys(Means.COST_USD)
INPUT_COST = list_keys(Means.INPUT_COST_USD)
OUTPUT_COST = list_keys(Means.OUTPUT_COST_USD)
COSTS = list_keys(Means.COSTS_USD)
_NUMBERS = frozenset((*INPUT_TOKENS, *OUTPUT_TOKENS, *TOTAL_TOKENS, *SOME_INPUT_TOKENS, *SOME_OUTPUT_TOKENS, *USAGE))
_MONEY = frozenset((*COST, *INPUT_COST, *OUTPUT_COST, *COSTS))
# What only a call to a model, or only a search, carries: tells the kind of a span that does not name it. Messages do
# not: functions around such calls carry them, too.
_OF_MODELS = frozenset((*INPUT_TOKENS, *OUTPUT_TOKENS))
_OF_SEARCHES = frozenset((*list_keys(Means.HOW_MANY), *list_keys(Means.DOCUMENTS)))

_REMEMBERED_SETS = 1024
_MOST_NAMES = 64  # in a set that is remembered
_MOST_CHARACTERS = 4000  # in all of them: what anybody sends must not fill the memory


@dataclass(frozen=True, kw_only=True, slots=True)
class NamesTell:
    """What a set of names tells. Keys are those of a meaning that are there, the one that counts most first."""

    kind: Keys
    step_name: Keys
    agent_name: Keys
    tool_name: Keys
    model: Keys
    input_tokens: Keys
    output_tokens: Keys
    has_numbers: bool
    has_money: bool
    is_of_models: bool
    is_of_searches: bool
    convention: str  # empty: no name marks one
    feedback: Keys
    unread: Keys  # look as if they carried messages, while no table says what they mean


def read_names(attributes: Attributes) -> NamesTell:
    """Read what the names of attributes tell."""
    names = tuple(attributes)
    if len(names) <= _MOST_NAMES and sum(map(len, names)) <= _MOST_CHARACTERS:
        return _remember(names)
    return _read(names)


def _read(names: Keys) -> NamesTell:
    here = frozenset(names)

    def present(keys: Keys) -> Keys:
        return tuple(key for key in keys if key in here)

    short = [name for name in names if len(name) <= LONGEST_NAME]
    return NamesTell(
        kind=present(KIND),
        step_name=present(STEP_NAME),
        agent_name=present(AGENT_NAME),
        tool_name=present(TOOL_NAME),
        model=present(MODEL),
        input_tokens=present(INPUT_TOKENS),
        output_tokens=present(OUTPUT_TOKENS),
        has_numbers=not _NUMBERS.isdisjoint(here),
        has_money=not _MONEY.isdisjoint(here),
        is_of_models=not _OF_MODELS.isdisjoint(here),
        is_of_searches=not _OF_SEARCHES.isdisjoint(here),
        convention=find_marked_convention(here),
        feedback=tuple(name for name in short if is_feedback(name)),
        unread=tuple(name for name in short if name not in KNOWN_NAMES and is_unread(name)),
    )


_remember = lru_cache(maxsize=_REMEMBERED_SETS)(_read)
