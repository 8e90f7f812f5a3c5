"""How far people who decided the same jobs agree, beyond what chance would bring about: Krippendorff's alpha."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from teachback_server.statistics.intervals import Interval, clopper_pearson_upper

Figures: TypeAlias = NDArray[np.float64]

_RESAMPLES = 500
_SEED = 20_040_412  # fixed, so that a page shows the same interval each time


class Level(StrEnum):
    """What differences between two values mean."""

    NOMINAL = "nominal"  # the same or not
    ORDINAL = "ordinal"  # how many of the given values lie between them
    INTERVAL = "interval"  # their difference
    RATIO = "ratio"  # their difference by their sum


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Alpha with its interval. 1 is full agreement, 0 what chance would bring about."""

    alpha: float
    interval: Interval
    units: int  # with at least two values: the others say nothing about agreement
    values: int  # of those units


def measure_agreement(
    units: Sequence[Sequence[Hashable]], level: Level = Level.NOMINAL, alpha: float = 0.05
) -> Agreement | None:
    """Krippendorff's alpha over units: of each the values that were given to it, in any order, without missing ones.

    Formula: 1 − D_o/D_e; D_o = Σ_u Σ_{i≠j} δ(v_i, v_j)/(m_u − 1) over the units with m_u ≥ 2 values, D_e =
    Σ_{c,k} n_c n_k δ(c, k)/(n − 1) over all n values of those units. Values must be numbers, unless they are nominal.
    The interval at confidence 1 − alpha comes from resampling units; δ of ordinal values is kept as it is in the whole.
    Resampling cannot see what never happened, so where no unit differs, the low end is 1 − m·U/D_e with U the
    Clopper–Pearson bound for no differing unit of that many, and m what all of them would add if they differed.
    Assumes that units are independent, and one look. Source: Krippendorff (2004, 2011).
    None where fewer than two units have two values, or all values are equal: then nothing can be said.
    """
    paired = [unit for unit in units if len(unit) >= 2]
    known = list(dict.fromkeys(value for unit in paired for value in unit))
    if len(paired) < 2 or len(known) < 2:
        return None
    counts = _count_values(paired, known)
    distances = _Distances(known, level, counts.sum(axis=0))
    observed = np.array([distances.within(row) for row in counts])
    whole = np.ones((len(paired), 1))
    found = float(_alphas(counts, observed, distances, whole)[0])
    if observed.any():
        low, high = _resample(counts, observed, distances, alpha)
    else:
        low, high = _bound_perfect(counts, distances, alpha), 1.0
    interval = Interval(low=min(low, found), high=max(high, found))
    return Agreement(alpha=found, interval=interval, units=len(paired), values=int(counts.sum()))


class _Distances:
    """δ between the known values: a matrix, or for nominal values nothing, as there may be very many of them."""

    def __init__(self, known: Sequence[Hashable], level: Level, totals: Figures) -> None:
        self.matrix: Figures | None = None
        if level is Level.NOMINAL:
            return
        values = np.array([float(str(value)) for value in known])
        self.matrix = _between(values, level, totals)

    def within(self, row: Figures) -> float:
        """Σ_{i≠j} δ(v_i, v_j)/(m − 1) of one unit, of which `row` tells how often it has each value."""
        places = np.flatnonzero(row)
        counts = row[places]
        size = counts.sum()
        if self.matrix is None:
            return float((size * size - (counts * counts).sum()) / (size - 1))
        return float(counts @ self.matrix[np.ix_(places, places)] @ counts / (size - 1))

    def expected(self, totals: Figures) -> Figures:
        """D_e for columns of totals, one row for each known value."""
        sizes = totals.sum(axis=0)
        if self.matrix is None:
            spread = sizes * sizes - (totals * totals).sum(axis=0)
        else:
            spread = (totals * (self.matrix @ totals)).sum(axis=0)
        return np.asarray(spread / (sizes - 1), dtype=float)


def _between(values: Figures, level: Level, totals: Figures) -> Figures:
    difference = values[:, None] - values[None, :]
    if level is Level.INTERVAL:
        return difference**2
    if level is Level.RATIO:
        total = values[:, None] + values[None, :]
        return np.divide(difference, total, out=np.zeros_like(difference), where=total != 0) ** 2
    order = np.argsort(values)
    up_to = np.cumsum(totals[order])
    middles = np.empty_like(totals)
    middles[order] = up_to - totals[order] / 2  # half of the values that are equal to it count as below
    return (middles[:, None] - middles[None, :]) ** 2


def _count_values(units: Sequence[Sequence[Hashable]], known: Sequence[Hashable]) -> Figures:
    """How often each unit has each value: units × values."""
    places = {value: place for place, value in enumerate(known)}
    counts = np.zeros((len(units), len(known)))
    for row, unit in enumerate(units):
        for value in unit:
            counts[row, places[value]] += 1
    return counts


def _alphas(counts: Figures, observed: Figures, distances: _Distances, weights: Figures) -> Figures:
    """Alpha for each column of weights of the units. Where all values are equal it is 1."""
    expected = distances.expected(counts.T @ weights)
    found = observed @ weights
    return 1 - np.divide(found, expected, out=np.zeros_like(expected), where=expected > 0)


def _resample(counts: Figures, observed: Figures, distances: _Distances, alpha: float) -> tuple[float, float]:
    units = len(observed)
    draws = np.random.default_rng(_SEED)
    weights = draws.multinomial(units, np.full(units, 1 / units), size=_RESAMPLES).T.astype(float)
    low, high = np.quantile(_alphas(counts, observed, distances, weights), [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def _bound_perfect(counts: Figures, distances: _Distances, alpha: float) -> float:
    units, size = len(counts), float(counts.sum())
    expected = float(distances.expected(counts.sum(axis=0)[:, None])[0])
    # The values of a differing unit are taken to lie as far apart as two that are drawn at random.
    typical = 1.0 if distances.matrix is None else expected * (size - 1) / (size * size)
    return 1 - size * clopper_pearson_upper(0, units, alpha / 2) * typical / expected
