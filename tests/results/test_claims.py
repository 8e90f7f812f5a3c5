"""Only gates can say that work got better, and the account of what they claimed is complete."""

from teachback_server.evals.gate_test import PairedCase, judge_change
from teachback_server.results.claims import Account, ClaimFacts, GateFacts, ReleaseFacts, draw_account, read_claim
from teachback_server.statistics.multiplicity import ClaimAccount

# Release 1 is the first; 2, 3 and 4 were each made from the one before.
RELEASES = {number: ReleaseFacts(number=number, parent_id=number - 1 or None) for number in (1, 2, 3, 4)}


def claim(*, is_allowed: bool, gained: int = 20, lost: int = 5, cases: int = 100) -> ClaimFacts:
    tally = ((-1.0, lost), (0.0, cases - gained - lost), (1.0, gained))
    return ClaimFacts(level=0.005, is_allowed=is_allowed, tally=tally)


def gate(candidate: int, compared_with: list[int], *claims: ClaimFacts) -> GateFacts:
    return GateFacts(
        candidate_id=candidate, sentence=f"about release {candidate}", claims=claims, compared_with=compared_with
    )


def account(*gates: GateFacts, live: int) -> Account:
    return draw_account(gates, RELEASES, first_id=1, live_id=live)


def test_nothing_is_claimed_before_the_first_gate() -> None:
    drawn = account(live=1)
    assert (drawn.claims, drawn.passed, drawn.progress.is_proven, drawn.progress.more_cases) == (0, 0, False, None)


def test_a_release_proven_against_release_1_is_better_and_so_is_what_was_made_from_it() -> None:
    gates = [gate(2, [1], claim(is_allowed=True)), gate(3, [2], claim(is_allowed=False))]
    progress = account(*gates, live=3).progress
    assert (progress.is_proven, progress.proven_number, progress.live_number) == (True, 2, 3)
    assert progress.more_cases is None


def test_better_than_a_release_that_is_not_proven_itself_is_not_better_than_release_1() -> None:
    gates = [
        gate(2, [1], claim(is_allowed=False)),
        gate(3, [2, 1], claim(is_allowed=True), claim(is_allowed=False)),
    ]
    progress = account(*gates, live=3).progress
    assert not progress.is_proven
    assert progress.more_cases is not None
    assert progress.more_cases > 0


def test_a_second_claim_against_the_last_proven_release_can_prove_it() -> None:
    gates = [
        gate(2, [1], claim(is_allowed=False)),
        gate(3, [2, 1], claim(is_allowed=False), claim(is_allowed=True)),
    ]
    assert account(*gates, live=3).progress.proven_number == 3


def test_claims_lead_to_release_1_through_releases_that_were_proven() -> None:
    gates = [
        gate(2, [1], claim(is_allowed=True)),
        gate(3, [2], claim(is_allowed=False)),
        gate(4, [3, 2], claim(is_allowed=True), claim(is_allowed=True)),
    ]
    assert account(*gates, live=4).progress.proven_number == 4


def test_going_back_to_release_1_takes_the_claim_with_it() -> None:
    assert not account(gate(2, [1], claim(is_allowed=True)), live=1).progress.is_proven


def test_work_that_only_looks_better_is_never_called_better() -> None:
    gates = [gate(2, [1], claim(is_allowed=False, gained=30, lost=2))]
    drawn = account(*gates, live=2)
    assert not drawn.progress.is_proven
    assert drawn.passed == 0


def test_a_loss_gives_no_number_of_cases_that_would_prove_a_gain() -> None:
    drawn = account(gate(2, [1], claim(is_allowed=False, gained=2, lost=9)), live=1)
    assert drawn.progress.more_cases is None
    assert drawn.progress.last_sentence == "about release 2"


def test_how_much_more_it_takes_is_said_of_what_is_live_and_not_of_the_newest_candidate() -> None:
    gates = [gate(2, [1], claim(is_allowed=False)), gate(3, [2, 1], *[claim(is_allowed=False, gained=2, lost=9)] * 2)]
    progress = account(*gates, live=2).progress
    assert progress.more_cases is not None
    assert progress.last_sentence == "about release 3"


def test_the_account_counts_every_claim_that_was_tested_and_states_how_many_may_be_false() -> None:
    gates = [
        gate(2, [1], claim(is_allowed=True)),
        gate(3, [2, 1], claim(is_allowed=False), claim(is_allowed=False)),
    ]
    drawn = account(*gates, live=2)
    assert (drawn.claims, drawn.passed, drawn.at_most_false) == (3, 1, 0.05)


def test_claims_are_read_as_gates_write_them() -> None:
    cases = [PairedCase(group=f"{n}", base_score=0.0, candidate_score=1.0) for n in range(40)]
    cases += [PairedCase(group="broken", base_score=1.0, candidate_score=0.0)]
    cases += [PairedCase(group="same", is_same_result=True)]
    report = judge_change(cases, account=ClaimAccount())
    (stored,) = report.as_json()["claims"]  # type: ignore[union-attr,misc]
    read = read_claim(stored)  # type: ignore[arg-type]
    assert read == ClaimFacts(level=report.claims[0].level, is_allowed=True, tally=((-1.0, 1), (0.0, 1), (1.0, 40)))
    assert read.cases == 42
