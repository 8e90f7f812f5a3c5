"""Learns a field whose value is one of a known list: a linear classifier over weighted terms."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC


@dataclass(frozen=True, kw_only=True)
class ChoiceModel:
    """One weight vector per value; the value with the largest margin wins."""

    values: tuple[str, ...]  # spelled as fields.spell_value spells them, in rising order
    weights: NDArray[np.float32]  # shape (terms, values)
    offsets: NDArray[np.float32]  # shape (values,)

    def score(self, terms: sparse.csr_matrix) -> NDArray[np.float32]:
        """Margins, shape (inputs, values). A row does not depend on the other rows."""
        return np.asarray(terms @ self.weights) + self.offsets


def fit_choice(terms: sparse.csr_matrix, spelled: Sequence[str]) -> ChoiceModel:
    """Fit one field from the terms of the examples and their spelled values."""
    values = tuple(sorted(set(spelled)))
    if len(values) < 2:
        weights = np.zeros((terms.shape[1], len(values)), dtype=np.float32)
        return ChoiceModel(values=values, weights=weights, offsets=np.ones(len(values), dtype=np.float32))
    columns = {value: column for column, value in enumerate(values)}
    classifier = LinearSVC(C=1.0, random_state=0)
    with warnings.catch_warnings():
        # Contradicting examples need not converge; the margins are good enough and the confidence knows.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        classifier.fit(terms, [columns[value] for value in spelled])
    weights, offsets = classifier.coef_, classifier.intercept_
    if len(values) == 2:
        weights, offsets = np.vstack([-weights, weights]), np.concatenate([-offsets, offsets])
    return ChoiceModel(
        values=values, weights=np.ascontiguousarray(weights.T, dtype=np.float32), offsets=offsets.astype(np.float32)
    )
