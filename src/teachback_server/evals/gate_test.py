"""Judges one change by the same jobs under both releases: proven, not worse, cannot tell or harmful, with figures."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np
from scipy.special import ndtri

from teachback.json_types import Json
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.evals.difference_bounds import difference_lower_bound
from teachback_server.evals.gate_sentence import GateFigures, describe_verdict
from teachback_server.statistics.multiplicity import ClaimAccount, is_claim_allowed
from teachback_server.statistics.paired import betting_e_value, cases_until_e_value, mcnemar_mid_p

MARGIN = 0.02  # a loss of fewer points than this counts as not worse; the owner's to set
LEVEL = 0.05
_POWER = 0.8  # of "about N more cases"
_STEPS = 64  # claims keep their differences rounded down to this part of 1


@dataclass(frozen=True, kw_only=True)
class PairedCase:
    """One job of the gate's side under two releases, with the score of each: 1 right, 0 wrong, a hand-back between.

    A job that nobody reviewed has no scores but those of hand-backs. It still counts: where both releases gave the same
    result the difference is 0 whatever is right, and where they did not it is taken for the worst that can be.
    """

    group: str  # cases of one group are not independent: together they weigh as one
    base_score: float | None = None
    candidate_score: float | None = None
    is_same_result: bool = False  # the same output, or both handed back
    is_critical: bool = False  # marked by the owner: it may not break


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The claim that one release is better than another, with its evidence so far. It can be strengthened later."""

    number: int  # in the workflow's account of claims
    level: float  # fixed when the claim was made
    tally: tuple[tuple[float, int], ...]  # differences and how often each was seen, one per group
    e_value: float
    is_allowed: bool


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """The verdict of a gate with every figure behind it; plain values that JSON can carry."""

    verdict: GateVerdict
    sentence: str  # what the owner reads
    cases: int  # jobs compared, whether reviewed or not
    groups: int  # of jobs that are independent of each other
    fixed: int
    broken: int
    unchanged: int
    assumed_broken: int  # of the broken: nobody reviewed them, and the two releases differ
    broken_critical: int
    difference: float  # mean score of the candidate minus that of the live release
    lower_bound: float  # one-sided, at `level`
    upper_bound: float
    proven_lower_bound: float | None  # against the last proven release, where that is another one
    margin: float
    level: float
    mid_p: float  # "how sure", for the page only; the verdict does not use it
    claims: tuple[Claim, ...]  # the first against the live release, the second against the last proven one
    more_cases_for_not_worse: int | None  # about so many more if the rates stay; None: already shown, or out of reach
    more_cases_for_proven: int | None

    def as_json(self) -> dict[str, Json]:
        """The report as plain JSON values."""
        return cast(dict[str, Json], asdict(self))


def score_of(*, is_finished: bool, is_right: bool, hand_back_cost: float) -> float:
    """1 for right, 0 for wrong, and 1 − cost for a hand-back; cost is 1 where it is as bad as a wrong answer."""
    return float(is_right) if is_finished else 1.0 - hand_back_cost


def judge_change(
    cases: Sequence[PairedCase],
    *,
    account: ClaimAccount,
    proven_cases: Sequence[PairedCase] | None = None,
    margin: float = MARGIN,
    level: float = LEVEL,
    lowest: float = -1.0,
) -> GateReport:
    """Judge a candidate against the live release, and against the last proven one where that is another.

    `cases` are all jobs of the gate's side that no verdict has spent and the candidate was not made from, under both
    releases; `proven_cases` the same jobs under the last proven release (as base) and the candidate. They are spent by
    this call. `lowest` is the worst difference that a case could show: −1, or hand_back_cost − 1 if the live release
    hands everything back.

    Rule: harmful if a critical case broke; `proven` if the e-value of the differences (`betting_e_value`) reaches one
    over the claim's level under e-LOND; `not worse` if the one-sided lower bound of the mean difference
    (`difference_lower_bound`) is above −margin, and above it against the last proven release, too; harmful if the
    upper bound is below 0; otherwise cannot tell.
    Assumes that jobs fell on the gate's side by a hash, so that they are a fair sample of the work however they were
    routed. No cases give `cannot tell`, and no claim is made.
    """
    differences = group_differences(cases)
    lower = difference_lower_bound(differences, level, lowest=lowest)
    upper = -difference_lower_bound([-value for value in group_differences(cases, best_case=True)], level)
    proven_lower = None if proven_cases is None else difference_lower_bound(group_differences(proven_cases), level)
    claims = _make_claims(cases, proven_cases, account)
    broken_critical = sum(case.is_critical and _difference(case) < 0 for case in cases)
    verdict = _decide(lower, upper, proven_lower, margin, claims, broken_critical)
    each = [_difference(case) for case in cases]
    figures = GateFigures(
        verdict=verdict,
        cases=len(cases),
        fixed=sum(value > 0 for value in each),
        broken=sum(value < 0 for value in each),
        assumed_broken=sum(_is_unknown(case) and _difference(case) < 0 for case in cases),
        broken_critical=broken_critical,
        lower_bound=lower,
        proven_lower_bound=proven_lower,
        margin=margin,
        more_cases_for_not_worse=_more_for_not_worse(differences, margin, level),
        more_cases_for_proven=_more_for_proven(claims),
    )
    return GateReport(
        sentence=describe_verdict(figures),
        groups=len(differences),
        unchanged=len(cases) - figures.fixed - figures.broken,
        difference=float(np.mean(differences)) if differences else 0.0,
        upper_bound=upper,
        level=level,
        mid_p=mcnemar_mid_p(sum(value > 0 for value in differences), sum(value < 0 for value in differences)),
        claims=claims,
        **asdict(figures),
    )


def may_release(report: GateReport, lever: Lever) -> bool:
    """The policy per lever: `proven` always, and for examples `not worse` is enough."""
    if report.verdict is GateVerdict.PROVEN:
        return True
    return lever is Lever.EXAMPLES and report.verdict is GateVerdict.NOT_WORSE


def account_of(claims: Sequence[Claim]) -> ClaimAccount:
    """The running account of a workflow from all claims that its gates have made."""
    return ClaimAccount(claims=len(claims), discoveries=sum(claim.is_allowed for claim in claims))


def open_claim(differences: Sequence[float], account: ClaimAccount) -> Claim:
    """Make the claim that differences have a mean above 0; `account` is as it was before. Its level is fixed now."""
    claim = Claim(number=account.claims + 1, level=account.next_level, tally=(), e_value=1.0, is_allowed=False)
    return strengthen_claim(claim, differences)


def strengthen_claim(claim: Claim, differences: Sequence[float]) -> Claim:
    """Add the evidence of cases that the claim has not seen, between the same two releases.

    Formula: one betting e-process over all its differences (`betting_e_value`), so it may be looked at after every
    gate, and e-LOND stays valid because the level does not move. A claim that once was allowed stays allowed.
    """
    counts: dict[float, int] = defaultdict(int, claim.tally)
    for difference in differences:
        counts[math.floor(difference * _STEPS + 1e-9) / _STEPS] += 1
    tally = tuple(sorted(counts.items()))
    evidence = betting_e_value(np.repeat([value for value, _ in tally], [count for _, count in tally]))
    return Claim(
        number=claim.number,
        level=claim.level,
        tally=tally,
        e_value=evidence,
        is_allowed=claim.is_allowed or is_claim_allowed(evidence, claim.level),
    )


def group_differences(cases: Sequence[PairedCase], *, best_case: bool = False) -> list[float]:
    """One difference per group, the mean of its cases, in the order in which groups first appear.

    A score that nobody knows counts as the worst for the candidate, with `best_case` as the best.
    """
    groups: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        groups[case.group].append(_difference(case, is_best_case=best_case))
    return [sum(values) / len(values) for values in groups.values()]


def _is_unknown(case: PairedCase) -> bool:
    return not case.is_same_result and (case.base_score is None or case.candidate_score is None)


def _difference(case: PairedCase, *, is_best_case: bool = False) -> float:
    if case.is_same_result:
        return 0.0
    before, after = case.base_score, case.candidate_score
    if before is None:
        before = 0.0 if is_best_case else 1.0
    if after is None:
        after = 1.0 if is_best_case else 0.0
    return after - before


def _make_claims(
    cases: Sequence[PairedCase], proven_cases: Sequence[PairedCase] | None, account: ClaimAccount
) -> tuple[Claim, ...]:
    if not cases:
        return ()
    first = open_claim(group_differences(cases), account)
    if proven_cases is None:
        return (first,)
    after = ClaimAccount(
        claims=account.claims + 1, discoveries=account.discoveries + first.is_allowed, alpha=account.alpha
    )
    return first, open_claim(group_differences(proven_cases), after)


def _decide(
    lower: float,
    upper: float,
    proven_lower: float | None,
    margin: float,
    claims: tuple[Claim, ...],
    broken_critical: int,
) -> GateVerdict:
    if broken_critical:
        return GateVerdict.HARMFUL
    holds_against_proven = proven_lower is None or proven_lower > -margin
    if claims and claims[0].is_allowed and holds_against_proven:
        return GateVerdict.PROVEN
    if lower > -margin and holds_against_proven:
        return GateVerdict.NOT_WORSE
    return GateVerdict.HARMFUL if upper < 0 else GateVerdict.CANNOT_TELL


def _more_for_not_worse(differences: Sequence[float], margin: float, level: float) -> int | None:
    if len(differences) < 2:
        return None
    room = float(np.mean(differences)) + margin
    if room <= 0:
        return None
    spread = max(float(np.var(differences)), 1 / len(differences))  # all alike proves little about so few
    needed = float(ndtri(_POWER) - ndtri(level)) ** 2 * spread / room**2
    more = math.ceil(needed) - len(differences)
    return more if more > 0 else None


def _more_for_proven(claims: tuple[Claim, ...]) -> int | None:
    if not claims or claims[0].is_allowed:
        return None
    needed = cases_until_e_value(claims[0].tally, level=claims[0].level)
    return None if needed is None else max(1, needed - sum(count for _, count in claims[0].tally))
