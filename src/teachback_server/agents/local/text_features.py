"""Turns inputs into a sparse matrix of weighted terms: character and word n-grams, facts, and steps of numbers."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from teachback_server.agents.local.inputs import FlatInput

LONGEST_TEXT_CHARACTERS = 4_000  # what comes later in a text rarely decides a choice and always costs time
_WORD = re.compile(r"\w+|[^\w\s]")
_SPACE = re.compile(r"\s+")
_CHARACTERS, _WORDS, _FACTS = "c", "w", "f"
_BLOCKS = (_CHARACTERS, _WORDS, _FACTS)
_NUMBER_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class TermIndex:
    """The terms of some inputs with their weights, learned by `learn_terms`."""

    text_paths: tuple[str, ...]  # the input fields that are read as text
    number_steps: Mapping[str, tuple[float, ...]]  # the input fields that are numbers, with cut-offs in rising order
    columns: Mapping[str, int]
    weights: NDArray[np.float32]  # shape (terms,): inverse document frequency

    def transform(self, inputs: Sequence[FlatInput]) -> sparse.csr_matrix:
        """One row per input, one column per term; each block of terms of a row has length 1."""
        starts, found, values = [0], [], []
        for flat in inputs:
            for block in self._count_known_terms(flat):
                columns = np.fromiter(block.keys(), dtype=np.int32, count=len(block))
                counts = np.fromiter(block.values(), dtype=np.float32, count=len(block))
                weighted = (1.0 + np.log(counts)) * self.weights[columns]
                found.append(columns)
                values.append(weighted / np.sqrt(np.sum(weighted * weighted)) if len(block) else weighted)
            starts.append(starts[-1] + sum(len(part) for part in found[-len(_BLOCKS) :]))
        shape = (len(inputs), len(self.weights))
        data = np.concatenate(values) if values else np.zeros(0, dtype=np.float32)
        indices = np.concatenate(found) if found else np.zeros(0, dtype=np.int32)
        matrix = sparse.csr_matrix((data.astype(np.float32), indices, np.array(starts, dtype=np.int32)), shape=shape)
        matrix.sort_indices()
        return matrix

    def _count_known_terms(self, flat: FlatInput) -> list[Counter[int]]:
        columns = self.columns
        blocks = _list_blocks(flat, self.text_paths, self.number_steps)
        return [Counter(columns[term] for term in terms if term in columns) for terms in blocks]


def learn_terms(inputs: Sequence[FlatInput], *, at_least: int = 1) -> TermIndex:
    """Collect the terms that occur in at least so many inputs, each with its inverse document frequency."""
    text_paths = _choose_text_paths(inputs)
    number_steps = _choose_number_steps(inputs)
    frequencies: Counter[str] = Counter()
    for flat in inputs:
        for terms in _list_blocks(flat, text_paths, number_steps):
            frequencies.update(set(terms))
    known = sorted(term for term, count in frequencies.items() if count >= at_least)
    counts = np.array([frequencies[term] for term in known], dtype=np.float64)
    weights = np.log((1.0 + len(inputs)) / (1.0 + counts)) + 1.0
    return TermIndex(
        text_paths=text_paths,
        number_steps=number_steps,
        columns={term: column for column, term in enumerate(known)},
        weights=weights.astype(np.float32),
    )


def _list_blocks(
    flat: FlatInput, text_paths: Sequence[str], number_steps: Mapping[str, Sequence[float]]
) -> list[list[str]]:
    texts = [(path, flat.texts[path][:LONGEST_TEXT_CHARACTERS].casefold()) for path in text_paths if path in flat.texts]
    # With one text field its name says nothing; with several, a word means something else in each of them.
    prefix = (lambda path: f"{path}:") if len(text_paths) > 1 else (lambda path: "")
    characters = [term for _, text in texts for term in _list_character_terms(text)]
    words = [term for path, text in texts for term in _list_word_terms(text, prefix(path))]
    facts = [_FACTS + fact for fact in flat.facts]
    facts += [_FACTS + step for step in _list_number_terms(flat.numbers, number_steps)]
    return [characters, words, facts]


def _list_character_terms(text: str) -> list[str]:
    padded = f" {_SPACE.sub(' ', text).strip()} "
    lengths = range(2, 6)
    return [_CHARACTERS + padded[at : at + n] for n in lengths for at in range(len(padded) - n + 1)]


def _list_word_terms(text: str, prefix: str) -> list[str]:
    words = _WORD.findall(text)
    start = _WORDS + prefix
    return [start + word for word in words] + [f"{start}{left} {right}" for left, right in pairwise(words)]


def _list_number_terms(numbers: Mapping[str, float], number_steps: Mapping[str, Sequence[float]]) -> Iterator[str]:
    for path, value in numbers.items():
        yield f"{path}={value:g}"
        for step in range(bisect_right(number_steps.get(path, ()), value)):
            yield f"{path}>{step}"


def _choose_number_steps(inputs: Sequence[FlatInput]) -> dict[str, tuple[float, ...]]:
    seen: dict[str, list[float]] = {}
    for flat in inputs:
        for path, value in flat.numbers.items():
            seen.setdefault(path, []).append(value)
    shares = np.linspace(0.0, 1.0, _NUMBER_STEPS)
    return {path: tuple(np.unique(np.quantile(seen[path], shares)).tolist()) for path in sorted(seen)}


def _choose_text_paths(inputs: Sequence[FlatInput]) -> tuple[str, ...]:
    """The fields that hold language: several words on average, or a new value nearly every time."""
    seen: dict[str, list[str]] = {}
    for flat in inputs:
        for path, text in flat.texts.items():
            seen.setdefault(path, []).append(text)
    chosen = tuple(path for path in sorted(seen) if _is_language(seen[path]))
    return chosen or tuple(sorted(seen))


def _is_language(values: Sequence[str]) -> bool:
    words = sum(len(value.split()) for value in values)
    return words >= 3 * len(values) or len(set(values)) > max(20, 0.3 * len(values))
