"""The account of what gates have claimed, and whether the live release is proven better than the first. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from teachback.json_types import JsonObject
from teachback_server.statistics.multiplicity import ClaimAccount
from teachback_server.statistics.paired import cases_until_e_value

AT_MOST_FALSE = ClaimAccount().alpha  # of all claims that pass, as an expected share


@dataclass(frozen=True, kw_only=True)
class ClaimFacts:
    """One claim of a gate, as its report holds it: that the candidate is better than one other release."""

    level: float
    is_allowed: bool
    tally: tuple[tuple[float, int], ...]  # differences for the candidate and how often each was seen

    @property
    def cases(self) -> int:
        """How many groups of jobs were compared that are independent of each other."""
        return sum(count for _, count in self.tally)


@dataclass(frozen=True, kw_only=True)
class GateFacts:
    """One gate with its claims, each that the candidate is better than one other release."""

    candidate_id: int
    sentence: str
    claims: Sequence[ClaimFacts]
    compared_with: Sequence[int]  # for each claim the release


@dataclass(frozen=True, kw_only=True)
class ReleaseFacts:
    """One release and the one that it was made from; None for the first."""

    number: int
    parent_id: int | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Whether what is live is better than release 1. Only gates can show it."""

    is_proven: bool
    live_number: int
    proven_number: int | None  # the release that was proven better; what is live is that one or was made from it
    cases: int  # that the proof rests on, or that were looked at so far
    more_cases: int | None  # about so many could prove it; None: proven, or nothing to extrapolate from
    last_sentence: str  # of the newest gate


@dataclass(frozen=True, kw_only=True)
class Account:
    """How many claims were made and passed; of those that passed at most `at_most_false` are expected to be false."""

    claims: int
    passed: int
    at_most_false: float
    progress: Progress


def read_claim(stored: JsonObject) -> ClaimFacts:
    """Read a claim as a gate's report holds it (`evals.gate_test.Claim`)."""
    tally = cast(Sequence[tuple[float, int]], stored["tally"])
    return ClaimFacts(
        level=cast(float, stored["level"]),
        is_allowed=bool(stored["is_allowed"]),
        tally=tuple((value, count) for value, count in tally),
    )


def draw_account(
    gates: Sequence[GateFacts], releases: Mapping[int, ReleaseFacts], *, first_id: int, live_id: int
) -> Account:
    """Sum up the gates of a workflow, oldest first; gates of the approval lever make no claims and stay out."""
    claims = [claim for gate in gates for claim in gate.claims]
    return Account(
        claims=len(claims),
        passed=sum(claim.is_allowed for claim in claims),
        at_most_false=AT_MOST_FALSE,
        progress=_find_progress(gates, releases, first_id=first_id, live_id=live_id),
    )


def _find_progress(
    gates: Sequence[GateFacts], releases: Mapping[int, ReleaseFacts], *, first_id: int, live_id: int
) -> Progress:
    better = _find_better_than_first(gates, first_id)
    proven_id = next((one for one in _list_line(live_id, releases) if one in better), None)
    last = gates[-1] if gates else None
    newest_claim = _find_claim_of(gates, _list_line(live_id, releases))
    cases = better[proven_id].cases if proven_id is not None else newest_claim.cases if newest_claim else 0
    return Progress(
        is_proven=proven_id is not None,
        live_number=releases[live_id].number,
        proven_number=None if proven_id is None else releases[proven_id].number,
        cases=cases,
        more_cases=None if proven_id is not None or newest_claim is None else _count_more(newest_claim),
        last_sentence=last.sentence if last else "",
    )


def _find_claim_of(gates: Sequence[GateFacts], line: Sequence[int]) -> ClaimFacts | None:
    """The claim of what is live, against the last proven release then; of the newest candidate where it made none."""
    made = {gate.candidate_id: gate.claims[-1] for gate in gates if gate.claims}
    of_line = (made[release_id] for release_id in line if release_id in made)
    return next(of_line, gates[-1].claims[-1] if gates and gates[-1].claims else None)


def _find_better_than_first(gates: Sequence[GateFacts], first_id: int) -> dict[int, ClaimFacts]:
    """Releases that a chain of allowed claims leads to from release 1, each with the claim that added it."""
    better: dict[int, ClaimFacts] = {}
    for gate in gates:
        for claim, reference in zip(gate.claims, gate.compared_with, strict=True):
            if claim.is_allowed and (reference == first_id or reference in better):
                better[gate.candidate_id] = claim
    return better


def _list_line(release_id: int, releases: Mapping[int, ReleaseFacts]) -> list[int]:
    """A release, the one that it was made from, and so on back to the first."""
    line = []
    current: int | None = release_id
    while current is not None:
        line.append(current)
        current = releases[current].parent_id
    return line


def _count_more(claim: ClaimFacts) -> int | None:
    needed = cases_until_e_value(claim.tally, level=claim.level)
    return None if needed is None else max(1, needed - claim.cases)
