"""The page on agreement: what it says of all, of each person, and when learning pauses."""

import random

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from builders import House, actor, make_person, record_jobs
from change_builders import make_pattern, propose_rule
from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.improvements.actions import LearningPaused, accept_change, advance_workflow
from teachback_server.improvements.actions import test_change as run_test
from teachback_server.improvements.models import Change
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.reviews.actions import Decision
from teachback_server.reviews.agreement.asking import ENOUGH_WRONG, planted_share
from teachback_server.reviews.agreement.deciding import decide_at_desk
from teachback_server.reviews.agreement.figures import list_pairs, list_people, measure_pairs
from teachback_server.reviews.agreement.freezing import (
    FEWEST_PAIRS,
    FreezeRefused,
    find_freeze,
    resume_learning,
    see_to_freeze,
)
from teachback_server.reviews.agreement.stamping import NAMED_AT, Habits, weigh_stamping
from teachback_server.reviews.agreement.terms import TermsRefused, set_shares, vouch_for
from teachback_server.reviews.models import KnownAnswer, SecondReview
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
BILLING: JsonObject = {"queue": "billing"}
SHIPPING: JsonObject = {"queue": "shipping"}


def join(house: House, name: str) -> Actor:
    person = make_person(name)
    give_role(house.owner, house.workflow, person, Role.REVIEWER)
    return actor(person)


def decide(by: Actor, house: House, number: int, output: JsonObject | None, *, seconds: float = 10) -> None:
    job = house.workflow.jobs.get(number=number)
    decision = Decision(
        job=job,
        verdict=ReviewVerdict.ACCEPTED if output is None else ReviewVerdict.CORRECTED,
        output=output,
        reason_code="" if output is None else "wrong_choice",
        idempotency_key=f"{by.name}-{number}",
        seconds=seconds,
    )
    decide_at_desk(by, decision)


def decide_twice(house: House, other: Actor, jobs: int, *, differ_every: int, first_id: int = 1) -> None:
    set_shares(house.owner, house.workflow, second=1, planted=0)
    for place, job in enumerate(record_jobs(house.workflow, [BILLING] * jobs, first_id=first_id)):
        right = SHIPPING if place % 2 else None
        decide(house.reviewer, house, job.number, right)
        wrong = None if right else SHIPPING
        decide(other, house, job.number, wrong if place % differ_every == 0 else right)


def test_somebody_who_accepts_whatever_comes_is_named_within_a_hundred_decisions(house: House, client: Client) -> None:
    dora, rob = join(house, "dora"), join(house, "rob")
    set_shares(house.owner, house.workflow, second=0.03, planted=0.02)
    draws = random.Random(4)
    for job in record_jobs(house.workflow, [BILLING] * 250):
        is_wrong = draws.random() < 0.15
        who = (house.reviewer, dora, rob, rob)[job.number % 4] if job.number <= 196 else house.reviewer
        careful = SHIPPING if is_wrong else None
        decide(who, house, job.number, None if who is rob else careful, seconds=2 if who is rob else 11)
    client.force_login(house.alice)
    page = client.get(f"/workflows/{house.workflow.name}/review/agreement").content.decode()
    row = page[page.index('<th scope="row">rob</th>') :]
    assert "Accepts without looking" in row[: row.index("</tr>")]
    assert page.count("Accepts without looking</") == 1
    mine = next(one for one in list_people(house.workflow, []) if one.name == "rob")
    assert mine.decisions <= 100


def test_evidence_names_a_stamper_soon_and_a_careful_person_hardly_ever() -> None:
    def first_named(own_rate: float, seed: int, *, decisions: int) -> int | None:
        draws = random.Random(seed)
        others = sum(draws.random() < 0.1 for _ in range(400))
        accepted = 0
        for count in range(1, decisions + 1):
            accepted += draws.random() >= own_rate
            habits = Habits(
                decisions=count,
                accepted=accepted,
                others_decisions=400,
                others_accepted=400 - others,
                known_wrong=count // 50,  # about what a share of 2 % plants
                known_missed=0 if own_rate else count // 50,
            )
            if weigh_stamping(habits) >= NAMED_AT:
                return count
        return None

    stampers = [first_named(0.0, seed, decisions=100) for seed in range(200)]
    careful = [first_named(0.1, seed, decisions=1000) for seed in range(200)]
    assert sum(named is not None for named in stampers) >= 190
    assert sum(named is not None for named in careful) <= 10


@pytest.mark.parametrize("wrong", [0.02, 0.05, 0.1, 0.3])
def test_planted_answers_name_a_stamper_within_a_hundred_decisions_however_rarely_the_agent_is_wrong(
    wrong: float,
) -> None:
    def is_named(misses: float, objects: float, seed: int) -> bool:
        draws = random.Random(seed)
        accepted = met = missed = 0
        for count in range(1, 101):
            accepted += draws.random() >= objects
            if draws.random() < planted_share(0.02, met) * 0.7:  # so many of the planted ones are wrong
                met, missed = met + 1, missed + (draws.random() < misses)
            others = round(300 * wrong)
            habits = Habits(
                decisions=count,
                accepted=accepted,
                others_decisions=300,
                others_accepted=300 - others,
                known_wrong=met,
                known_missed=missed,
            )
            if weigh_stamping(habits) >= NAMED_AT:
                return True
        return False

    assert sum(is_named(1.0, 0.0, seed) for seed in range(200)) >= 190
    assert sum(is_named(0.3, wrong, seed) for seed in range(200)) <= 2


def test_an_owner_who_plants_nothing_plants_nothing_before_newcomers_either() -> None:
    assert planted_share(0.0, 0) == 0.0
    assert planted_share(0.02, ENOUGH_WRONG) == 0.02
    assert planted_share(0.3, 0) == 0.3


def test_a_reviewer_sees_nobody_else(house: House, client: Client) -> None:
    dora = join(house, "dora")
    record_jobs(house.workflow, [BILLING] * 2)
    decide(dora, house, 1, None)
    decide(house.reviewer, house, 2, None)
    client.force_login(house.bob)
    page = client.get(f"/workflows/{house.workflow.name}/review/agreement").content.decode()
    assert ">bob<" in page
    assert ">dora<" not in page


def test_agreement_is_told_in_all_by_field_and_by_reason(house: House, client: Client) -> None:
    decide_twice(house, join(house, "dora"), 40, differ_every=10)
    pairs = list_pairs(house.workflow)
    found = measure_pairs(pairs)
    assert found is not None
    assert len(pairs) == 40
    assert sum(pair.first == pair.second for pair in pairs) == 36
    assert 0.7 < found.alpha < 0.85
    client.force_login(house.alice)
    page = client.get(f"/workflows/{house.workflow.name}/review/agreement").content.decode()
    assert "36 of 40 jobs" in page
    assert f"{found.alpha:.2f}" in page
    assert "queue" in page
    assert "Cannot tell yet whether that is enough" in page


def test_learning_pauses_when_people_do_not_agree_and_goes_on_when_they_do(house: House, client: Client) -> None:
    dora = join(house, "dora")
    decide_twice(house, dora, FEWEST_PAIRS - 1, differ_every=3)
    assert see_to_freeze(house.workflow) is None  # too few to tell
    decide_twice(house, dora, 1, differ_every=3, first_id=500)
    freeze = see_to_freeze(house.workflow)
    assert freeze is not None
    client.force_login(house.alice)
    assert "Learning is paused" in client.get("/").content.decode()
    assert "Learning is paused" in client.get(f"/workflows/{house.workflow.name}/review/agreement").content.decode()
    decide_twice(house, dora, 200, differ_every=1000, first_id=1000)
    assert see_to_freeze(house.workflow) is None
    assert find_freeze(house.workflow) is None


def test_an_owner_lets_learning_go_on_with_a_reason_and_then_only_newer_jobs_count(house: House) -> None:
    decide_twice(house, join(house, "dora"), FEWEST_PAIRS, differ_every=2)
    assert see_to_freeze(house.workflow) is not None
    with pytest.raises(FreezeRefused):
        resume_learning(house.owner, house.workflow, why=" ")
    with pytest.raises(PermissionMissing):
        resume_learning(house.reviewer, house.workflow, why="we talked")
    resume_learning(house.owner, house.workflow, why="we agreed on a rule")
    assert see_to_freeze(house.workflow) is None


def test_nothing_is_tried_or_released_while_learning_is_paused(house: House, client: Client) -> None:
    change = propose_rule(house, make_pattern(house))
    decide_twice(house, join(house, "dora"), FEWEST_PAIRS, differ_every=2, first_id=500)
    assert see_to_freeze(house.workflow) is not None
    agents = OpenReleases(settings.MODELS_FOLDER)
    with pytest.raises(LearningPaused):
        run_test(house.owner, change, agents)
    with pytest.raises(LearningPaused):
        accept_change(house.owner, change)
    client.force_login(house.alice)
    page = client.get(f"/workflows/{house.workflow.name}/changes/{change.pk}").content.decode()
    assert "Learning is paused" in page
    assert "Test it on these jobs" not in page
    releases = house.workflow.releases.count()
    advance_workflow(house.workflow, agents, now=timezone.now())
    assert house.workflow.releases.count() == releases
    assert Change.objects.get(pk=change.pk).state == "proposed"


def test_an_owner_vouches_only_for_what_was_decided(house: House) -> None:
    first, other = record_jobs(house.workflow, [BILLING, BILLING])
    decide(house.reviewer, house, first.number, None)
    vouch_for(house.owner, first)
    assert KnownAnswer.objects.get().job == first
    with pytest.raises(TermsRefused):
        vouch_for(house.owner, other)
    with pytest.raises(PermissionMissing):
        vouch_for(house.reviewer, first)
    assert not SecondReview.objects.exists()
    assert not Change.objects.exists()


def test_shares_are_set_on_the_page_in_per_cent(house: House, client: Client) -> None:
    client.force_login(house.alice)
    address = f"/workflows/{house.workflow.name}/review/agreement"
    client.post(f"{address}/shares", {"second": "4.5", "planted": "0"})
    assert house.workflow.review_terms.second_share == pytest.approx(0.045)
    answer = client.post(f"{address}/shares", {"second": "450", "planted": "0"})
    assert answer.status_code == 200
    assert "100" in answer.content.decode()
