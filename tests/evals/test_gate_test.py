"""Gates: the four verdicts, what unreviewed jobs may show, groups, critical cases, and the account of claims."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachback.json_types import canonical_json
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.evals.gate_test import (
    Claim,
    GateReport,
    PairedCase,
    account_of,
    group_differences,
    judge_change,
    may_release,
    open_claim,
    score_of,
    strengthen_claim,
)
from teachback_server.statistics.multiplicity import ClaimAccount
from teachback_server.statistics.paired import betting_e_value

FRESH = ClaimAccount()


def make_cases(
    *, fixed: int = 0, broken: int = 0, both_right: int = 0, unreviewed_same: int = 0, unreviewed_differing: int = 0
) -> list[PairedCase]:
    scores = [(0.0, 1.0)] * fixed + [(1.0, 0.0)] * broken + [(1.0, 1.0)] * both_right
    cases = [PairedCase(group="", base_score=before, candidate_score=after) for before, after in scores]
    cases += [PairedCase(group="", is_same_result=True)] * unreviewed_same
    cases += [PairedCase(group="")] * unreviewed_differing
    return [replace(case, group=f"group-{number}") for number, case in enumerate(cases)]


def judge(cases: list[PairedCase], proven_cases: list[PairedCase] | None = None) -> GateReport:
    return judge_change(cases, account=FRESH, proven_cases=proven_cases)


def test_a_clear_gain_is_proven() -> None:
    report = judge(make_cases(fixed=21, broken=2, both_right=180))
    assert report.verdict is GateVerdict.PROVEN
    assert (report.fixed, report.broken, report.unchanged, report.cases) == (21, 2, 180, 203)
    assert report.difference == pytest.approx(19 / 203)
    assert report.claims[0].is_allowed
    assert report.sentence == "Proven better. Of 203 cases it fixed 21 and broke 2."


def test_a_small_gain_on_many_cases_is_not_worse_but_not_proven() -> None:
    report = judge(make_cases(fixed=10, broken=6, both_right=384))
    assert report.verdict is GateVerdict.NOT_WORSE
    assert -0.02 < report.lower_bound < 0
    assert not report.claims[0].is_allowed
    assert "at most" in report.sentence
    assert "more cases could" in report.sentence


def test_a_few_cases_cannot_tell_and_say_how_many_more_could() -> None:
    report = judge(make_cases(fixed=3, broken=2, both_right=35))
    assert report.verdict is GateVerdict.CANNOT_TELL
    assert report.more_cases_for_not_worse is not None
    assert f"About {report.more_cases_for_not_worse} more cases" in report.sentence


def test_how_many_more_cases_could_prove_it_counts_what_each_is_worth() -> None:
    handed_back_before = [PairedCase(group=f"h{n}", base_score=0.8, candidate_score=1.0) for n in range(20)]
    report = judge(make_cases(both_right=180) + handed_back_before)
    assert not report.claims[0].is_allowed
    more = report.more_cases_for_proven
    assert more is not None and more > 50  # twenty whole fixes would have been more than enough
    worth = 0.1875  # differences are kept rounded down
    seen = betting_e_value([worth] * (20 * (200 + more) // 200))
    assert seen == pytest.approx(1 / report.claims[0].level, rel=0.2)
    assert f"about {more} more cases could" in report.sentence


def test_what_is_worth_less_than_what_it_breaks_gives_no_number_of_cases() -> None:
    half_fixed = [PairedCase(group=f"h{n}", base_score=0.5, candidate_score=1.0) for n in range(10)]
    report = judge(make_cases(broken=6, both_right=600) + half_fixed)
    assert report.fixed > report.broken
    assert report.more_cases_for_proven is None


@pytest.mark.parametrize(
    ("unreviewed", "words"),
    [(1, "(1 of these was not reviewed and is taken"), (2, "(2 of these were not reviewed and are taken")],
)
def test_the_sentence_counts_one_as_one(unreviewed: int, words: str) -> None:
    assert words in judge(make_cases(both_right=400, unreviewed_differing=unreviewed)).sentence


def test_a_loss_is_harmful() -> None:
    report = judge(make_cases(fixed=2, broken=20, both_right=180))
    assert report.verdict is GateVerdict.HARMFUL
    assert report.upper_bound < 0
    assert report.sentence.startswith("Harmful: it breaks more than it fixes.")


def test_a_loss_beyond_the_margin_never_counts_as_not_worse_however_many_cases_show_it() -> None:
    assert judge(make_cases(fixed=100, broken=160, both_right=1740)).verdict is GateVerdict.HARMFUL


def test_no_case_makes_no_claim() -> None:
    report = judge([])
    assert report.verdict is GateVerdict.CANNOT_TELL
    assert report.claims == ()
    assert report.sentence == "Cannot tell yet: there was no case to judge by."


def test_one_broken_critical_case_vetoes_whatever_else_was_gained() -> None:
    cases = make_cases(fixed=40, broken=1, both_right=160)
    cases[40] = replace(cases[40], is_critical=True)
    report = judge(cases)
    assert report.verdict is GateVerdict.HARMFUL
    assert report.sentence.startswith("Harmful: it breaks 1 critical case.")


def test_a_critical_case_that_stays_right_does_not_veto() -> None:
    cases = make_cases(fixed=21, broken=2, both_right=180)
    cases[-1] = replace(cases[-1], is_critical=True)
    assert judge(cases).verdict is GateVerdict.PROVEN


def test_an_unreviewed_critical_case_with_another_result_counts_as_broken() -> None:
    cases = make_cases(fixed=21, both_right=180, unreviewed_differing=1)
    cases[-1] = replace(cases[-1], is_critical=True)
    assert judge(cases).verdict is GateVerdict.HARMFUL


def test_unreviewed_jobs_with_the_same_result_show_that_nothing_got_worse() -> None:
    few = judge(make_cases(fixed=8, broken=4, both_right=88))
    more = judge(make_cases(fixed=8, broken=4, both_right=88, unreviewed_same=500))
    assert few.verdict is GateVerdict.CANNOT_TELL
    assert more.verdict is GateVerdict.NOT_WORSE
    assert more.claims[0].e_value == pytest.approx(few.claims[0].e_value)


def test_unreviewed_jobs_with_another_result_are_taken_for_broken() -> None:
    unreviewed = judge(make_cases(fixed=21, both_right=180, unreviewed_differing=20))
    broken = judge(make_cases(fixed=21, both_right=180, broken=20))
    assert unreviewed.assumed_broken == 20
    assert unreviewed.broken == 20
    assert unreviewed.lower_bound == pytest.approx(broken.lower_bound)
    assert unreviewed.claims[0].e_value == pytest.approx(broken.claims[0].e_value)
    assert "not reviewed and are taken for broken" in unreviewed.sentence


def test_unreviewed_jobs_alone_are_no_proof_of_harm() -> None:
    report = judge(make_cases(both_right=50, unreviewed_differing=50))
    assert report.verdict is GateVerdict.CANNOT_TELL


def test_jobs_of_one_group_weigh_as_one() -> None:
    repeated = [replace(case, group="one customer") for case in make_cases(fixed=60)]
    report = judge(repeated)
    assert report.groups == 1
    assert report.cases == 60
    assert report.verdict is GateVerdict.CANNOT_TELL
    halves = [replace(case, group="one") for case in make_cases(fixed=1, both_right=1)]
    assert group_differences(halves) == [0.5]


def test_a_release_that_hands_everything_back_is_beaten_by_one_that_is_often_right() -> None:
    scores = [score_of(is_finished=True, is_right=number < 90, hand_back_cost=0.25) for number in range(100)]
    back = score_of(is_finished=False, is_right=False, hand_back_cost=0.25)
    cases = [
        PairedCase(group=f"group-{number}", base_score=back, candidate_score=score)
        for number, score in enumerate(scores)
    ]
    assert judge_change(cases, account=FRESH, lowest=-0.75).verdict is GateVerdict.PROVEN


def test_a_wrong_answer_costs_more_than_a_hand_back() -> None:
    assert score_of(is_finished=True, is_right=True, hand_back_cost=0.25) == 1.0
    assert score_of(is_finished=False, is_right=False, hand_back_cost=0.25) == 0.75
    assert score_of(is_finished=True, is_right=False, hand_back_cost=0.25) == 0.0


def test_what_is_not_worse_than_the_live_release_must_hold_against_the_last_proven_one_too() -> None:
    against_live = make_cases(fixed=10, broken=6, both_right=384)
    crept = judge(against_live, make_cases(fixed=5, broken=16, both_right=379))
    assert crept.verdict is GateVerdict.CANNOT_TELL
    assert "worse than the last release that was proven" in crept.sentence
    held = judge(against_live, make_cases(fixed=20, broken=10, both_right=370))
    assert held.verdict is GateVerdict.NOT_WORSE


def test_small_gains_that_add_up_are_proven_against_the_last_proven_release() -> None:
    report = judge(make_cases(fixed=12, broken=5, both_right=383), make_cases(fixed=40, broken=8, both_right=352))
    assert report.verdict is GateVerdict.NOT_WORSE
    assert [claim.is_allowed for claim in report.claims] == [False, True]
    assert [claim.number for claim in report.claims] == [1, 2]


def test_the_policy_releases_examples_that_are_not_worse_and_anything_that_is_proven() -> None:
    not_worse = judge(make_cases(fixed=10, broken=6, both_right=384))
    proven = judge(make_cases(fixed=21, broken=2, both_right=180))
    unknown = judge(make_cases(fixed=3, broken=2, both_right=35))
    assert may_release(not_worse, Lever.EXAMPLES)
    assert not may_release(not_worse, Lever.INSTRUCTIONS)
    assert may_release(proven, Lever.RULES)
    assert not may_release(unknown, Lever.EXAMPLES)


def test_the_account_counts_all_claims_and_those_that_passed() -> None:
    report = judge(make_cases(fixed=12, broken=5, both_right=383), make_cases(fixed=40, broken=8, both_right=352))
    account = account_of(report.claims)
    assert (account.claims, account.discoveries) == (2, 1)


def test_a_claim_grows_with_later_cases_at_the_level_that_it_began_with() -> None:
    first = open_claim([1.0] * 6 + [0.0] * 40, FRESH)
    assert not first.is_allowed
    later = strengthen_claim(first, [1.0] * 8 + [-1.0] + [0.0] * 60)
    assert (later.number, later.level) == (first.number, first.level)
    assert later.e_value == pytest.approx(betting_e_value([1.0] * 14 + [-1.0]))
    assert later.is_allowed


def test_a_claim_that_was_allowed_stays_allowed() -> None:
    allowed = open_claim([1.0] * 20, FRESH)
    assert allowed.is_allowed
    assert strengthen_claim(allowed, [-1.0] * 20).is_allowed


@given(st.lists(st.floats(-1, 1), max_size=30), st.lists(st.floats(-1, 1), max_size=30))
def test_evidence_does_not_depend_on_when_it_was_looked_at(early: list[float], late: list[float]) -> None:
    at_once = open_claim(early + late, FRESH)
    in_turn = strengthen_claim(open_claim(early, FRESH), late)
    assert in_turn.e_value == pytest.approx(at_once.e_value)
    assert in_turn.tally == at_once.tally


def test_the_report_is_plain_json() -> None:
    report = judge(make_cases(fixed=10, broken=6, both_right=384), make_cases(fixed=20, broken=10, both_right=370))
    assert '"verdict":"not worse"' in canonical_json(report.as_json())
    assert '"tally":[[' in canonical_json(report.as_json())


def run_null_stream(draws: np.random.Generator, gates: int) -> bool:
    """Whether a stream of changes that change nothing ever gets a false `proven`."""
    claims: list[Claim] = []
    for _ in range(gates):
        cases = int(draws.integers(50, 300))
        fixed, broken = draws.multinomial(cases, [0.06, 0.06, 0.88])[:2]
        report = judge_change(
            make_cases(fixed=int(fixed), broken=int(broken), both_right=cases - int(fixed + broken)),
            account=account_of(claims),
        )
        claims += report.claims
        if report.verdict is GateVerdict.PROVEN:
            return True
    return False


@pytest.mark.slow
def test_in_streams_of_twenty_null_gates_a_false_proven_is_rare() -> None:
    draws = np.random.default_rng(11)
    false = sum(run_null_stream(draws, 20) for _ in range(60))
    assert false <= 3


def test_a_true_loss_at_the_margin_passes_as_not_worse_in_at_most_one_gate_in_twenty() -> None:
    draws = np.random.default_rng(12)
    passed, gates = 0, 200
    for _ in range(gates):
        fixed, broken = (int(count) for count in draws.multinomial(400, [0.04, 0.06, 0.90])[:2])
        report = judge(make_cases(fixed=fixed, broken=broken, unreviewed_same=400 - fixed - broken))
        passed += report.verdict in (GateVerdict.NOT_WORSE, GateVerdict.PROVEN)
    assert passed / gates <= 0.09  # 5 % and two and a half standard errors
