"""Learns the fields whose values stand in texts of the input: one conditional random field over their tokens."""

import math
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from teachback.json_types import Json
from teachback_server.agents.local.fields import locate_value
from teachback_server.agents.local.token_features import list_token_features
from teachback_server.agents.local.tokens import Tokens

EVIDENCE = 4  # figures that speak for or against one reading
_OUTSIDE = "O"
_TRAINING = {"c1": 0.1, "c2": 0.1, "max_iterations": 45, "feature.possible_transitions": True}
_MOST_TRAINING_TOKENS = 60_000  # keeps a fit on long documents within seconds; short messages never get there
_SMALLEST = 1e-9

Place = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class PreparedText:
    """A text in the form that the random field reads."""

    tokens: Tokens
    items: pycrfsuite.ItemSequence | None  # None: there is nothing to read


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the model reads in one text: the best place of each field that it found, and the evidence for all of it."""

    places: Mapping[str, Place]
    evidence: tuple[float, ...]


def prepare_text(tokens: Tokens, facts: Sequence[str]) -> PreparedText:
    """Describe every token."""
    items = pycrfsuite.ItemSequence(list_token_features(tokens, facts)) if tokens.words else None
    return PreparedText(tokens=tokens, items=items)


class PlaceChooser:
    """Where a value stands in several places, finds the one whose neighbours look like those of other examples."""

    def __init__(self, examples: Sequence[tuple[Tokens, Mapping[str, Json]]]) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()
        for tokens, values in examples:
            for name, value in values.items():
                places = locate_value(value, tokens)
                if len(places) == 1:
                    self._seen.update((name, neighbour) for neighbour in _list_neighbours(tokens, places[0]))

    def choose(self, name: str, tokens: Tokens, places: Sequence[Place]) -> Place:
        """The likeliest of some places; of equally likely ones the first."""
        return max(places, key=lambda place: self._rate(name, tokens, place))

    def _rate(self, name: str, tokens: Tokens, place: Place) -> float:
        return sum(math.log1p(self._seen[name, neighbour]) for neighbour in _list_neighbours(tokens, place))


def _list_neighbours(tokens: Tokens, place: Place) -> tuple[str, ...]:
    words, (first, last) = tokens.words, place
    before = words[first - 1].casefold() if first else ""
    further = words[first - 2].casefold() if first > 1 else ""
    after = words[last].casefold() if last < len(words) else ""
    return (f"<{before}", f"<<{further} {before}", f">{after}")


def label_tokens(tokens: Tokens, values: Mapping[str, Json], chooser: PlaceChooser) -> tuple[str, ...] | None:
    """Label every token with the values of an example; None where a value does not stand in the text."""
    labels = [_OUTSIDE] * len(tokens.words)
    for name, value in values.items():
        if value is None:
            continue
        places = [place for place in locate_value(value, tokens) if all(labels[at] == _OUTSIDE for at in range(*place))]
        if not places:
            return None
        first, last = chooser.choose(name, tokens, places)
        labels[first:last] = [f"B-{name}"] + [f"I-{name}"] * (last - first - 1)
    return tuple(labels)


def fit_spans(texts: Sequence[PreparedText], labels: Sequence[tuple[str, ...] | None]) -> bytes:
    """Fit the random field on texts with labels; crfsuite's own file, empty where no text has labels."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_TRAINING, verbose=False)
    read = 0
    for text, marked in zip(texts, labels, strict=True):
        if text.items is not None and marked is not None and read < _MOST_TRAINING_TOKENS:
            trainer.append(text.items, marked)
            read += len(marked)
    if not read:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.crfsuite"
        trainer.train(str(file))
        return file.read_bytes()


class SpanReader:
    """Reads spans with a fitted model. Not for use by two threads at once."""

    def __init__(self, model: bytes) -> None:
        self._model = model  # crfsuite reads from these bytes as long as the tagger lives
        self._tagger = pycrfsuite.Tagger()
        if model:
            self._tagger.open_inmemory(model)
        self._labels = frozenset(self._tagger.labels()) if model else frozenset()

    def read(self, text: PreparedText, required: Sequence[str]) -> Reading:
        """The likeliest place of each field; a required one gets its best guess where it seems to be absent."""
        if text.items is None or not self._model:
            return Reading(places={}, evidence=(0.0,) * EVIDENCE)
        self._tagger.set(text.items)
        labels = self._tagger.tag()
        sureness = [self._tagger.marginal(label, at) for at, label in enumerate(labels)]
        probability = self._tagger.probability(labels)
        spans = _collect_spans(labels)
        places = {name: max(found, key=lambda place: _mean(sureness, place)) for name, found in spans.items()}
        missing = [name for name in required if name not in places and f"B-{name}" in self._labels]
        places.update({name: self._guess(name, len(labels)) for name in missing})
        doubtful = len(missing) + sum(len(found) > 1 for found in spans.values())
        evidence = (_log_odds(probability), math.log(max(probability, _SMALLEST)), _log_odds(min(sureness)), doubtful)
        return Reading(places=places, evidence=evidence)

    def _guess(self, name: str, length: int) -> Place:
        begin, inside = f"B-{name}", f"I-{name}"
        first = max(range(length), key=lambda at: self._tagger.marginal(begin, at))
        last = first + 1
        while last < length and {inside, _OUTSIDE} <= self._labels and self._is_likelier(inside, last):
            last += 1
        return first, last

    def _is_likelier(self, label: str, at: int) -> bool:
        return bool(self._tagger.marginal(label, at) > self._tagger.marginal(_OUTSIDE, at))


def _collect_spans(labels: Sequence[str]) -> dict[str, list[Place]]:
    spans: dict[str, list[Place]] = {}
    for at, label in enumerate(labels):
        kind, _, name = label.partition("-")
        places = spans.setdefault(name, []) if name else []
        if kind == "I" and places and places[-1][1] == at:
            places[-1] = (places[-1][0], at + 1)
        elif name:
            places.append((at, at + 1))
    return spans


def _mean(values: Sequence[float], place: Place) -> float:
    return sum(values[place[0] : place[1]]) / (place[1] - place[0])


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, _SMALLEST), 1.0 - _SMALLEST)
    return math.log(clipped / (1.0 - clipped))
