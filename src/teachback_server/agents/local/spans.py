"""Learns the fields whose values stand in a text of the input: one conditional random field over its tokens."""

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

OUTSIDE = "O"
_TRAINING = {"c1": 0.0, "c2": 0.3, "max_iterations": 80, "feature.possible_transitions": True}


@dataclass(frozen=True, kw_only=True)
class MarkedText:
    """A text with the label of each token."""

    tokens: Tokens
    facts: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the model reads in one text: spans per field, and how sure it is of the reading."""

    spans: Mapping[str, tuple[tuple[int, int], ...]]
    probability: float  # of the whole sequence of labels
    lowest_marginal: float  # of the least sure token


def mark_text(tokens: Tokens, facts: tuple[str, ...], values: Mapping[str, Json]) -> MarkedText | None:
    """Label the tokens with the values of an example; None where a value does not stand in the text."""
    labels = [OUTSIDE] * len(tokens.words)
    for name, value in values.items():
        if value is None:
            continue
        places = [place for place in locate_value(value, tokens) if all(labels[at] == OUTSIDE for at in range(*place))]
        if not places:
            return None
        first, last = places[0]
        labels[first:last] = [f"B-{name}"] + [f"I-{name}"] * (last - first - 1)
    return MarkedText(tokens=tokens, facts=facts, labels=tuple(labels))


def fit_spans(texts: Sequence[MarkedText]) -> bytes:
    """Fit the random field; the result is crfsuite's own file, empty where no text could be marked."""
    if not any(text.labels for text in texts):
        return b""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_TRAINING, verbose=False)
    for text in texts:
        if text.labels:
            trainer.append(list_token_features(text.tokens, text.facts), text.labels)
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

    def read(self, tokens: Tokens, facts: tuple[str, ...]) -> Reading:
        """The likeliest labels of a text as spans per field."""
        if not tokens.words or not self._model:
            return Reading(spans={}, probability=1.0, lowest_marginal=1.0)
        self._tagger.set(list_token_features(tokens, facts))
        labels = self._tagger.tag()
        marginals = [self._tagger.marginal(label, at) for at, label in enumerate(labels)]
        return Reading(
            spans=_collect_spans(labels),
            probability=self._tagger.probability(labels),
            lowest_marginal=min(marginals),
        )


def _collect_spans(labels: Sequence[str]) -> dict[str, tuple[tuple[int, int], ...]]:
    spans: dict[str, list[tuple[int, int]]] = {}
    for at, label in enumerate(labels):
        kind, _, name = label.partition("-")
        if kind == "B":
            spans.setdefault(name, []).append((at, at + 1))
        elif kind == "I" and spans.get(name, [(-1, -1)])[-1][1] == at:
            spans[name][-1] = (spans[name][-1][0], at + 1)
        elif kind == "I":
            spans.setdefault(name, []).append((at, at + 1))
    return {name: tuple(places) for name, places in spans.items()}


def learn_spellings(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """For stretches of text whose value is spelled otherwise: the commonest spelling of each."""
    counts: dict[str, Counter[str]] = {}
    for stretch, value in pairs:
        counts.setdefault(stretch, Counter())[value] += 1
    best = {stretch: max(sorted(seen), key=lambda value: seen[value]) for stretch, seen in counts.items()}
    return {stretch: value for stretch, value in best.items() if stretch != value}
