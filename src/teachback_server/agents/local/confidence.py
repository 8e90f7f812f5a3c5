"""How likely the whole output is right: learned from predictions on examples that the predicting model had not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

_FARTHEST = 4.0  # standard deviations: evidence that is stranger than that says no more than that


@dataclass(frozen=True, kw_only=True)
class ConfidenceModel:
    """A logistic model over the evidence of one job."""

    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    weights: NDArray[np.float64]
    offset: float

    def estimate(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities for evidence of shape (jobs, features). A row does not depend on the other rows."""
        total = np.full(len(evidence), self.offset)
        # Column by column: a matrix product may round a row differently in batches of different sizes.
        for column in range(len(self.weights)):
            steps = (evidence[:, column] - self.means[column]) / self.scales[column]
            total += np.clip(steps, -_FARTHEST, _FARTHEST) * self.weights[column]
        chances: NDArray[np.float64] = np.round(1.0 / (1.0 + np.exp(-np.clip(total, -30.0, 30.0))), 6)
        return chances


def fit_confidence(evidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> ConfidenceModel:
    """Fit from held-out evidence, shape (examples, features), and whether each output was right."""
    features = evidence.shape[1]
    means = evidence.mean(axis=0) if len(evidence) else np.zeros(features)
    scales = np.maximum(evidence.std(axis=0), 1e-9) if len(evidence) else np.ones(features)
    right = int(is_right.sum())
    base = (right + 1.0) / (len(is_right) + 3.0)
    weights, offset = np.zeros(features), float(np.log(base / (1.0 - base)))
    if 0 < right < len(is_right):
        model = LogisticRegression(C=1.0, max_iter=300)
        model.fit(np.clip((evidence - means) / scales, -_FARTHEST, _FARTHEST), is_right)
        weights, offset = model.coef_[0], float(model.intercept_[0])
    return ConfidenceModel(means=means, scales=scales, weights=weights, offset=offset)
