"""How likely a whole output is right: learned from answers to examples that the answering model had not seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

_DIGITS = 6  # of a confidence: the rest is rounding noise of the machine
_STEEPEST = 30.0
_FARTHEST = 4.0  # standard deviations: evidence that is stranger than that says no more than that
_FEWEST_ERRORS = 3  # and as many right answers, before the evidence may speak
_CAUTION = 0.5  # regularisation: smaller trusts the evidence less where there are few examples


@dataclass(frozen=True, kw_only=True)
class LogisticCurve:
    """A probability from a few figures: 1 / (1 + exp(−(offset + Σ weight · (figure − mean) / scale)))."""

    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    weights: NDArray[np.float64]
    offset: float

    def log_odds(self, figures: Sequence[float]) -> float:
        """The log odds for one row of figures."""
        total = self.offset
        for at, figure in enumerate(figures):
            step = (figure - float(self.means[at])) / float(self.scales[at])
            total += max(-_FARTHEST, min(_FARTHEST, step)) * float(self.weights[at])
        return max(-_STEEPEST, min(_STEEPEST, total))


@dataclass(frozen=True, kw_only=True)
class ConfidenceModel:
    """One curve per part of an answer (a choice, or all spans of one text), and one for the whole."""

    parts: tuple[LogisticCurve, ...]
    whole: LogisticCurve

    def estimate(self, evidence: Sequence[Sequence[float]]) -> float:
        """The probability that every part is right, from the evidence of each part."""
        odds = [part.log_odds(figures) for part, figures in zip(self.parts, evidence, strict=True)]
        return round(_probability(self.whole.log_odds(_summarise(odds))), _DIGITS)


def fit_confidence(
    evidence: Sequence[Sequence[Sequence[float]]], are_right: Sequence[Sequence[bool]]
) -> ConfidenceModel:
    """Fit from held-out answers: the evidence of each part of each, and whether each part was right.

    There must be one answer at least. Two stages: each part's own figures become its log odds; then the chance that
    all are right at once, and the weakest part, become those of the whole, as parts fail together more often than
    independence says.
    """
    count = len(evidence[0])
    parts = tuple(
        _fit_curve([answer[part] for answer in evidence], [right[part] for right in are_right]) for part in range(count)
    )
    summaries = [
        _summarise([part.log_odds(figures) for part, figures in zip(parts, answer, strict=True)]) for answer in evidence
    ]
    return ConfidenceModel(parts=parts, whole=_fit_curve(summaries, [all(right) for right in are_right]))


def _summarise(odds: Sequence[float]) -> tuple[float, float]:
    """The log odds that all parts are right if they fail independently, and those of the weakest part."""
    together = sum(-math.log1p(math.exp(-one)) for one in odds)
    return together - math.log(max(-math.expm1(together), 1e-12)), min(odds, default=_STEEPEST)


def _fit_curve(figures: Sequence[Sequence[float]], are_right: Sequence[bool]) -> LogisticCurve:
    matrix = np.array(figures, dtype=np.float64).reshape(len(are_right), -1)
    means, scales = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), 1e-9)
    right, wrong = sum(are_right), len(are_right) - sum(are_right)
    weights, offset = np.zeros(matrix.shape[1]), math.log((right + 1.0) / (wrong + 1.0))
    if min(right, wrong) >= _FEWEST_ERRORS:
        model = LogisticRegression(C=_CAUTION, max_iter=500)
        model.fit(np.clip((matrix - means) / scales, -_FARTHEST, _FARTHEST), np.array(are_right))
        weights, offset = model.coef_[0], float(model.intercept_[0])
    return LogisticCurve(means=means, scales=scales, weights=weights, offset=offset)


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))


def pack_confidence(model: ConfidenceModel) -> Mapping[str, NDArray[np.float64]]:
    """The model as arrays."""
    curves = [*model.parts, model.whole]
    return {
        f"confidence{place}": np.stack([curve.means, curve.scales, curve.weights]) for place, curve in enumerate(curves)
    } | {"offsets_of_confidence": np.array([curve.offset for curve in curves])}


def unpack_confidence(arrays: Mapping[str, NDArray[np.float64]]) -> ConfidenceModel:
    """Read what `pack_confidence` wrote."""
    offsets = arrays["offsets_of_confidence"].tolist()
    curves = []
    for place, offset in enumerate(offsets):
        means, scales, weights = arrays[f"confidence{place}"]
        curves.append(LogisticCurve(means=means, scales=scales, weights=weights, offset=offset))
    return ConfidenceModel(parts=tuple(curves[:-1]), whole=curves[-1])
