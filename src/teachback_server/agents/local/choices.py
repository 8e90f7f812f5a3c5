"""Learns a field whose value is one of a known list: a linear classifier over weighted terms."""

import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from teachback_server.agents.local.fields import ABSENT, FieldPlan, decode_value
from teachback_server.agents.local.parts import Batch, FittedPart, PartAnswer

_MOST_VALUES = 300  # of one field; rarer ones are left to people, as each costs memory and time
_SHARPNESS = 8.0  # margins differ by about one; this makes probabilities of them that are neither flat nor all 0 and 1
_TINY = 1e-9
_NAME_BOUNDARY = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class ChoiceModel:
    """One weight vector per value; the value with the largest margin wins."""

    values: tuple[str, ...]  # spelled as fields.spell_value spells them, in rising order
    weights: NDArray[np.float32]  # shape (terms, values)
    offsets: NDArray[np.float32]  # shape (values,)

    def score(self, terms: sparse.csr_matrix) -> NDArray[np.float32]:
        """Margins, shape (jobs, values). A row does not depend on the other rows."""
        margins: NDArray[np.float32] = np.asarray(terms @ self.weights) + self.offsets
        return margins


@dataclass(frozen=True, kw_only=True)
class FittedChoice:
    """A choice that has learned."""

    field: FieldPlan
    model: ChoiceModel

    def answer(self, batch: Batch) -> list[PartAnswer]:
        """The likeliest value for every job."""
        return [self._decide(margins) for margins in self.model.score(batch.terms)]

    def _decide(self, margins: NDArray[np.float32]) -> PartAnswer:
        ranked = np.argsort(-margins, kind="stable")
        top = float(margins[ranked[0]])
        second = float(margins[ranked[1]]) if len(ranked) > 1 else top - 2.0
        relative = [math.exp(_SHARPNESS * (margin - top)) for margin in margins.tolist()]
        total = sum(relative)
        doubt = -sum(part / total * math.log(part / total) for part in relative if part > _TINY)
        log_odds = -math.log(max(total - 1.0, _TINY))
        return PartAnswer(
            spelled={self.field.name: self.model.values[ranked[0]]},
            evidence=(top - second, top, second, log_odds, doubt),
        )


@dataclass(frozen=True, kw_only=True)
class ChoiceLearner:
    """A choice with its examples, and the names of its values as examples of a kind."""

    field: FieldPlan
    terms: sparse.csr_matrix  # one row per example
    spelled: Sequence[str]
    name_terms: sparse.csr_matrix  # one row per value that has a name
    named: Sequence[str]

    @property
    def fields(self) -> tuple[FieldPlan, ...]:
        """The one field."""
        return (self.field,)

    def fit(self, rows: Sequence[int]) -> FittedPart:
        """Learn from these examples and from the names."""
        known = Counter(self.spelled[row] for row in rows)
        most = {value for value, _ in sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_VALUES]}
        kept = [row for row in rows if self.spelled[row] in most]
        names = [at for at, value in enumerate(self.named) if value in most or len(most) < _MOST_VALUES]
        terms = sparse.vstack([self.terms[kept], self.name_terms[names]], format="csr")
        spelled = [self.spelled[row] for row in kept] + [self.named[at] for at in names]
        return FittedChoice(field=self.field, model=fit_choice(terms, spelled))

    def try_on(self, fitted: FittedPart, rows: Sequence[int]) -> list[PartAnswer]:
        """Answer these examples as if they were jobs."""
        return fitted.answer(Batch(inputs=(), terms=self.terms[list(rows)]))


def list_value_names(field: FieldPlan, spelled: Sequence[str]) -> dict[str, str]:
    """The words in the names of a field's values: what a queue is called says something about what belongs there."""
    decoded = {value: decode_value(value) for value in {*field.values, *spelled} if value != ABSENT}
    names = {value: _NAME_BOUNDARY.sub(" ", name).strip() for value, name in decoded.items() if isinstance(name, str)}
    return {value: names[value] for value in sorted(names) if any(sign.isalpha() for sign in names[value])}


def fit_choice(terms: sparse.csr_matrix, spelled: Sequence[str]) -> ChoiceModel:
    """Fit one classifier from rows of terms and their spelled values."""
    values = tuple(sorted(set(spelled)))
    if len(values) < 2 or not terms.nnz:
        counts = Counter(spelled)
        shares = np.array([counts[value] / len(spelled) for value in values], dtype=np.float32)
        return ChoiceModel(
            values=values, weights=np.zeros((terms.shape[1], len(values)), dtype=np.float32), offsets=shares
        )
    columns = {value: column for column, value in enumerate(values)}
    # The solver draws its order from this seed, and stops where more exactness changes no decision.
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
