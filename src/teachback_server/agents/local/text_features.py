"""Turns inputs into a sparse matrix of weighted terms: pieces of words, words, pairs of words, and facts."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from teachback_server.agents.local.inputs import FlatInput

LONGEST_TEXT_WORDS = 600  # what comes later in a text rarely decides a choice and always costs time
PIECES, WORDS, PAIRS, FACTS = "c", "w", "p", "f"  # the first letter of a term says what it is
# Pieces of words carry most where examples are few, pairs where they are many (measured on short messages).
_SHARES = {PIECES: 1.5, WORDS: 1.0, PAIRS: 1.25, FACTS: 1.0}
_PIECE_LENGTHS = range(2, 5)
_STEM_CHARACTERS = 4
_PAIR_REACH = 12  # words between the two of a pair, so that a long text does not pair everything with everything
_NUMBER_STEPS = 12
_UNKNOWN = -1
_WORD = re.compile(r"\w+|[^\w\s]")
_FEWEST_FOR_RARE_TERMS = 20  # with fewer inputs than this every term counts


@dataclass(frozen=True, kw_only=True)
class TermIndex:
    """The terms of some inputs with their weights, learned by `learn_terms`."""

    text_paths: tuple[str, ...]  # the input fields that are read as text
    number_steps: Mapping[str, tuple[float, ...]]  # the input fields that are numbers, with cut-offs in rising order
    terms: tuple[str, ...]
    columns: Mapping[str, int]  # of each term
    weights: NDArray[np.float32]  # shape (terms,): inverse document frequency

    def transform(self, inputs: Sequence[FlatInput]) -> sparse.csr_matrix:
        """One row per input, one column per term. A row does not depend on the other rows."""
        columns = self.columns
        reading = _Reading(self.text_paths, self.number_steps, lambda term: columns.get(term, _UNKNOWN))
        return _weigh(_count(reading, inputs, len(self.terms)), _list_kinds(self.terms), self.weights)


def learn_terms(
    inputs: Sequence[FlatInput], names: Sequence[str] = ()
) -> tuple[TermIndex, sparse.csr_matrix, sparse.csr_matrix]:
    """Collect the terms of some inputs with their weights; also the rows of the inputs, and those of names.

    A name is read as if it were the first text of an input.
    """
    text_paths, number_steps = choose_text_paths(inputs), _choose_number_steps(inputs)
    named = [FlatInput(texts=dict.fromkeys(text_paths[:1], name), facts=(), numbers={}) for name in names]
    found: defaultdict[str, int] = defaultdict(lambda: len(found))
    counts = _count(_Reading(text_paths, number_steps, found.__getitem__), [*inputs, *named], None)
    frequencies = np.bincount(counts.indices, minlength=len(found))
    kept = np.flatnonzero(frequencies >= (2 if len(inputs) > _FEWEST_FOR_RARE_TERMS else 1))
    everything = list(found)
    terms = tuple(everything[column] for column in kept)
    rows = counts.shape[0]
    weights = (np.log((1.0 + rows) / (1.0 + frequencies[kept])) + 1.0).astype(np.float32)
    index = make_term_index(text_paths, number_steps, terms, weights)
    matrix = _weigh(counts[:, kept], _list_kinds(terms), weights)
    return index, matrix[: len(inputs)], matrix[len(inputs) :]


def make_term_index(
    text_paths: Sequence[str],
    number_steps: Mapping[str, Sequence[float]],
    terms: Sequence[str],
    weights: NDArray[np.float32],
) -> TermIndex:
    """Put an index together from what was learned."""
    return TermIndex(
        text_paths=tuple(text_paths),
        number_steps={path: tuple(steps) for path, steps in number_steps.items()},
        terms=tuple(terms),
        columns={term: column for column, term in enumerate(terms)},
        weights=weights,
    )


def choose_text_paths(inputs: Sequence[FlatInput]) -> tuple[str, ...]:
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


class _Reading:
    """Reads inputs into columns; remembers the pieces of each word for as long as one matrix is made."""

    def __init__(
        self,
        text_paths: Sequence[str],
        number_steps: Mapping[str, Sequence[float]],
        find_column: Callable[[str], int],
    ) -> None:
        self._text_paths = text_paths
        self._number_steps = number_steps
        self._find = find_column
        self._pieces: dict[str, list[int]] = {}

    def list_columns(self, flat: FlatInput) -> list[int]:
        """The column of every term of one input, as often as it occurs; unknown terms included."""
        find = self._find
        columns: list[int] = []
        for path in self._text_paths:
            words = _WORD.findall(flat.texts.get(path, "").casefold())[:LONGEST_TEXT_WORDS]
            # With one text field its name says nothing; with several, a word means something else in each of them.
            place = f"{WORDS}{path}:" if len(self._text_paths) > 1 else WORDS
            for word in words:
                columns += self._list_pieces(word)
            columns += [find(place + word) for word in words]
            columns += [find(f"{place}{left} {right}") for left, right in pairwise(words)]
            columns += [find(pair) for pair in _list_pairs(words)]
        columns += [find(FACTS + fact) for fact in flat.facts]
        columns += [find(FACTS + step) for step in _list_number_facts(flat.numbers, self._number_steps)]
        return columns

    def _list_pieces(self, word: str) -> list[int]:
        pieces = self._pieces.get(word)
        if pieces is None:
            padded = f" {word} "
            grams = [padded[at : at + n] for n in _PIECE_LENGTHS for at in range(len(padded) - n + 1)]
            pieces = self._pieces[word] = [self._find(PIECES + gram) for gram in grams]
        return pieces


def _list_pairs(words: Sequence[str]) -> list[str]:
    stems = list(dict.fromkeys(word[:_STEM_CHARACTERS] for word in words if word[0].isalnum()))
    return [
        f"{PAIRS}{left} {right}" if left < right else f"{PAIRS}{right} {left}"
        for at, left in enumerate(stems)
        for right in stems[at + 1 : at + 1 + _PAIR_REACH]
    ]


def _list_number_facts(numbers: Mapping[str, float], number_steps: Mapping[str, Sequence[float]]) -> Iterator[str]:
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


def _count(reading: _Reading, inputs: Sequence[FlatInput], width: int | None) -> sparse.csr_matrix:
    """How often each term occurs in each input; the width follows from the terms where none is given."""
    found = [np.array(reading.list_columns(flat), dtype=np.int32) for flat in inputs]
    known = [columns[columns != _UNKNOWN] for columns in found]
    starts = np.concatenate([[0], np.cumsum([len(columns) for columns in known])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, dtype=np.int32), *known])
    columns = width if width is not None else int(indices.max(initial=-1)) + 1
    counts = sparse.csr_matrix((np.ones(len(indices)), indices, starts), shape=(len(inputs), columns))
    counts.sum_duplicates()
    return counts


def _list_kinds(terms: Sequence[str]) -> NDArray[np.intp]:
    places = {kind: place for place, kind in enumerate(_SHARES)}
    return np.array([places[term[0]] for term in terms], dtype=np.intp)


def _weigh(counts: sparse.csr_matrix, kinds: NDArray[np.intp], weights: NDArray[np.float32]) -> sparse.csr_matrix:
    """(1 + ln count) · weight, then each kind of term of a row scaled to the length that is its share."""
    numbers = counts.data.astype(np.intp)
    # A table, as the logarithm of a whole array may round one value differently in batches of different sizes.
    logarithms = 1.0 + np.log(np.arange(1, numbers.max(initial=1) + 1))
    values = logarithms[numbers - 1] * weights[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    cells = rows * len(_SHARES) + kinds[counts.indices]
    lengths = np.sqrt(np.bincount(cells, weights=values * values, minlength=counts.shape[0] * len(_SHARES)))
    shares = np.array(list(_SHARES.values()))[kinds[counts.indices]]
    data = (values / np.maximum(lengths[cells], 1e-12) * shares).astype(np.float32)
    return sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
