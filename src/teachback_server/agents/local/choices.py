"""Learns a field whose value is one of a known list: a linear classifier over weighted terms."""

import json
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from teachback_server.agents.local.fields import ABSENT

EVIDENCE = 5  # figures that speak for or against one decision
_SHARPNESS = 8.0  # margins differ by about one; this makes probabilities of them that are neither flat nor all 0 and 1
_WORD_BOUNDARY = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class ChoiceModel:
    """One weight vector per value; the value with the largest margin wins."""

    values: tuple[str, ...]  # spelled as fields.spell_value spells them, in rising order
    weights: NDArray[np.float32]  # shape (terms, values)
    offsets: NDArray[np.float32]  # shape (values,)

    def score(self, terms: sparse.csr_matrix) -> NDArray[np.float32]:
        """Margins, shape (inputs, values). A row does not depend on the other rows."""
        return np.asarray(terms @ self.weights) + self.offsets

    def decide(self, margins: NDArray[np.float32]) -> tuple[str, tuple[float, ...]]:
        """The winning value of one row of margins, and its evidence."""
        ranked = np.argsort(-margins, kind="stable")
        top = float(margins[ranked[0]])
        second = float(margins[ranked[1]]) if len(ranked) > 1 else top - 2.0
        relative = [math.exp(_SHARPNESS * (float(margin) - top)) for margin in margins]
        total = sum(relative)
        chances = [part / total for part in relative]
        doubt = -sum(chance * math.log(chance) for chance in chances if chance > 0.0)
        log_odds = -math.log(max(total - 1.0, 1e-9))
        return self.values[ranked[0]], (top - second, top, second, log_odds, doubt)


def list_names(values: Sequence[str]) -> dict[str, str]:
    """The words in the names of spelled values: what a queue is called says something about what belongs there."""
    decoded = {value: json.loads(value) for value in values if value != ABSENT}
    names = {
        value: _WORD_BOUNDARY.sub(" ", name).strip() for value, name in decoded.items() if isinstance(name, str)
    }
    return {value: name for value, name in names.items() if any(character.isalpha() for character in name)}


def fit_choice(terms: sparse.csr_matrix, spelled: Sequence[str]) -> ChoiceModel:
    """Fit one field from the terms of the examples and their spelled values."""
    values = tuple(sorted(set(spelled)))
    if len(values) < 2:
        weights = np.zeros((terms.shape[1], len(values)), dtype=np.float32)
        return ChoiceModel(values=values, weights=weights, offsets=np.ones(len(values), dtype=np.float32))
    columns = {value: column for column, value in enumerate(values)}
    # The dual solver draws its order from this seed, and stops where more exactness changes no decision.
    classifier = LinearSVC(C=1.0, tol=0.05, random_state=0)
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
