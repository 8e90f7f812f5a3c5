"""Skills: whoever lacks one neither gets such a job nor may open or decide it. Runs on PostgreSQL, too."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from builders import MORNING, House, accept, actor, make_person, record_jobs
from teachback.json_types import Json, JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM, Actor, PermissionMissing
from teachback_server.people.models import AuditEvent, User
from teachback_server.results.undoing import undo_last_decision
from teachback_server.reviews.actions import (
    Decision,
    JobAlreadyDecided,
    SkillMissing,
    claim_job,
    claim_next_job,
    decide_review,
    decide_reviews,
    skip_job,
)
from teachback_server.reviews.agreement.asking import SecondKind
from teachback_server.reviews.agreement.deciding import decide_at_desk
from teachback_server.reviews.claims import get_queue_state
from teachback_server.reviews.input_text import InputText, spell_as_stored
from teachback_server.reviews.models import Claim, KnownAnswer, Review, ReviewTerms, SecondReview, Skill
from teachback_server.reviews.outside.links import actor_by_link, make_review_link
from teachback_server.reviews.outside.mail_digest import find_waiting_work
from teachback_server.reviews.outside.sheet_file import read_table
from teachback_server.reviews.outside.spreadsheet import NEEDED, judge_lines, write_waiting
from teachback_server.reviews.outside.written import store_decision
from teachback_server.reviews.placing import Placing, place_jobs
from teachback_server.reviews.queue_list import QueueFilter, list_queue
from teachback_server.reviews.queue_order import Priority
from teachback_server.reviews.retracting import UndoRefused
from teachback_server.reviews.skill_kinds import list_kinds
from teachback_server.reviews.skill_list import count_thirds_for_nobody, list_skills
from teachback_server.reviews.skill_queries import count_for_nobody
from teachback_server.reviews.skills import SkillRefused, add_skill, remove_skill, set_holders
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role, take_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
GOOD: JsonObject = {"queue": "billing"}
FRENCH: JsonObject = {"text": "Bonjour", "language": "fr"}
GERMAN: JsonObject = {"text": "Guten Tag", "language": "de"}
PLAIN: JsonObject = {"text": "Hello"}
PAGE = "/workflows/support-inbox/settings/skills"


@pytest.fixture
def dora(house: House) -> User:
    """Dora reviews beside Bob."""
    dora = make_person("dora")
    give_role(house.owner, house.workflow, dora, Role.REVIEWER)
    return dora


def record(house: House, *inputs: JsonObject) -> list[Job]:
    """Waiting jobs with these inputs."""
    jobs = record_jobs(house.workflow, [GOOD] * len(inputs))
    for job, given in zip(jobs, inputs, strict=True):
        Job.objects.filter(pk=job.pk).update(input=given)
        job.refresh_from_db()
    return jobs


def add(house: House, label: str, field: str, value: str, *holders: User) -> Skill:
    """A skill as it stands in the database, whether or not a job has such a field yet."""
    skill = Skill.objects.create(workflow=house.workflow, label=label, field=field, value=value)
    skill.holders.set(holders)
    return skill


def numbers_given_to(person: Actor, house: House) -> list[int]:
    """The jobs in the order in which the desk gives them to a person who skips each."""
    given = []
    while job := claim_next_job(person, house.workflow):
        given.append(job.number)
        skip_job(person, job)
    return given


def decision(job: Job, by: str = "") -> Decision:
    return Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key=f"{by}-{job.pk}")


def set_shares(house: House, *, second: float = 0, planted: float = 0) -> None:
    shares = {"second_share": second, "planted_share": planted}
    ReviewTerms.objects.update_or_create(workflow=house.workflow, defaults=shares)


def test_the_desk_gives_out_only_what_somebody_has_the_skill_for(house: House, dora: User) -> None:
    record(house, FRENCH, PLAIN, GERMAN, FRENCH)
    add(house, "French", "language", "fr", dora)
    assert numbers_given_to(house.reviewer, house) == [2, 3]
    assert numbers_given_to(actor(dora), house) == [1, 2, 3, 4]


def test_a_job_may_need_two_skills_and_one_of_them_is_too_little(house: House, dora: User) -> None:
    record(house, {**FRENCH, "kind": "contract"}, FRENCH, {**PLAIN, "kind": "contract"})
    add(house, "French", "language", "fr", dora, house.bob)
    add(house, "Law", "kind", "contract", dora)
    assert numbers_given_to(house.reviewer, house) == [2]
    assert numbers_given_to(actor(dora), house) == [1, 2, 3]


def test_skills_do_not_change_the_order_of_the_queue(house: House, dora: User) -> None:
    record(house, FRENCH, GERMAN, FRENCH, PLAIN, FRENCH)
    add(house, "German", "language", "de", house.alice)
    place_jobs(house.owner, house.workflow, [5], Placing(priority=Priority.URGENT))
    place_jobs(house.owner, house.workflow, [2], Placing(priority=Priority.URGENT, due_at=MORNING))
    place_jobs(house.owner, house.workflow, [4], Placing(due_at=MORNING + timedelta(hours=1)))
    place_jobs(house.owner, house.workflow, [1], Placing(priority=Priority.LATER))
    assert numbers_given_to(house.reviewer, house) == [5, 4, 3, 1]
    assert numbers_given_to(house.owner, house) == [2, 5, 4, 3, 1]


def test_who_lacks_the_skill_can_neither_open_nor_decide_the_job(house: House, dora: User, client: Client) -> None:
    job, _ = record(house, FRENCH, PLAIN)
    add(house, "French", "language", "fr", dora)
    with pytest.raises(SkillMissing, match="needs the skill “French”"):
        claim_job(house.reviewer, job)
    with pytest.raises(SkillMissing):
        decide_review(house.reviewer, decision(job))
    client.force_login(house.bob)
    address = f"/workflows/support-inbox/review/{job.number}"
    assert "needs the skill “French”" in client.get(address, follow=True).content.decode()
    typed = {"verdict": "accepted", "key": "0" * 32, "note": "What I typed"}
    answer = client.post(address, typed)
    assert answer.status_code == 409
    assert "What I typed" in answer.content.decode()
    assert client.post(f"{address}/keep").status_code == 409
    assert not Review.objects.exists()
    assert not Claim.objects.filter(job=job).exists()
    assert decide_review(actor(dora), decision(job)).reviewer == dora


def test_all_decisions_of_one_go_are_refused_where_one_lacks_the_skill(house: House) -> None:
    jobs = record(house, PLAIN, FRENCH)
    add(house, "French", "language", "fr")
    with pytest.raises(SkillMissing, match="Job 2 needs"):
        decide_reviews(house.reviewer, house.workflow, [decision(job) for job in jobs])
    assert not Review.objects.exists()


def test_a_job_that_an_owner_gave_to_somebody_is_theirs_whatever_it_needs(house: House, dora: User) -> None:
    first, _ = record(house, FRENCH, FRENCH)
    add(house, "French", "language", "fr")
    place_jobs(house.owner, house.workflow, [1], Placing(assignee=house.bob))
    assert numbers_given_to(house.reviewer, house) == [1]
    assert numbers_given_to(actor(dora), house) == []
    decide_review(house.reviewer, decision(first))
    assert Review.objects.get().reviewer == house.bob


def test_an_owner_is_no_exception_and_may_give_themselves_the_skill(house: House) -> None:
    (job,) = record(house, FRENCH)
    skill = add(house, "French", "language", "fr", house.bob)
    with pytest.raises(SkillMissing):
        claim_job(house.owner, job)
    set_holders(house.owner, skill, [house.alice, house.bob])
    assert claim_job(house.owner, job).user == house.alice


def test_programs_links_and_imported_history_are_not_asked_for_skills(house: House) -> None:
    by_key, by_link, by_system, by_import = record(house, FRENCH, FRENCH, FRENCH, FRENCH)
    add(house, "French", "language", "fr")
    program = Actor(name="key", key_workflow_id=house.workflow.pk, key_role=Role.REVIEWER)
    stored = store_decision(program, Decision(job=by_key, verdict=ReviewVerdict.ACCEPTED, idempotency_key="by key"))
    assert stored.review is not None
    link = make_review_link(house.owner, by_link, for_name="Zoe").link
    assert decide_reviews(actor_by_link(link), house.workflow, [decision(by_link)])
    assert decide_review(SYSTEM, decision(by_system))
    history = Decision(
        job=by_import, verdict=ReviewVerdict.ACCEPTED, idempotency_key="import:1", decided_by="Somebody long ago"
    )
    assert decide_reviews(house.owner, house.workflow, [history])


def test_a_skill_taken_away_takes_the_job_off_the_screen(house: House) -> None:
    (job,) = record(house, FRENCH)
    skill = add(house, "French", "language", "fr", house.bob)
    assert claim_next_job(house.reviewer, house.workflow) == job
    set_holders(house.owner, skill, [])
    assert claim_next_job(house.reviewer, house.workflow) is None
    with pytest.raises(SkillMissing):
        decide_review(house.reviewer, decision(job))


def test_who_lost_the_skill_cannot_take_their_decision_back(house: House) -> None:
    (job,) = record(house, FRENCH)
    skill = add(house, "French", "language", "fr", house.bob)
    accept(house.reviewer, [job])
    set_holders(house.owner, skill, [])
    with pytest.raises(UndoRefused):
        undo_last_decision(house.reviewer, house.workflow)
    assert Review.objects.filter(job=job).exists()


def test_a_spreadsheet_goes_out_without_what_somebody_may_not_decide(house: House) -> None:
    french, _ = record(house, FRENCH, PLAIN)
    add(house, "French", "language", "fr")
    rows = write_waiting(house.reviewer, house.workflow).splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["2"]
    decision = Decision(job=french, verdict=ReviewVerdict.ACCEPTED, idempotency_key="of a sheet")
    stored = store_decision(house.reviewer, decision)
    assert "needs the skill" in stored.problem


def test_the_look_at_a_spreadsheet_says_what_its_person_may_not_decide(house: House) -> None:
    record(house, FRENCH, PLAIN)
    sheet = write_waiting(house.reviewer, house.workflow)
    add(house, "French", "language", "fr")
    lines = read_table(sheet.encode(), needed=NEEDED)
    decided = [replace(line, cells={**line.cells, "decision": "accept"}) for line in lines]
    rows = judge_lines(house.reviewer, house.workflow, decided)
    assert [(row.number, row.decision is None, "lack a skill" in row.problem) for row in rows] == [
        (1, True, True),
        (2, False, False),
    ]


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"a": {"b__c": "x"}}, "a.b__c", "x"),
        ({"01": "x"}, "01", "x"),
        ({"1": {"2": "x"}}, "1.2", "x"),
        ({"Größe 私": "groß"}, "Größe 私", "groß"),
        ({"amount": 12345678901234567890}, "amount", "12345678901234567890"),
        ({"amount": 2.50}, "amount", "2.5"),
        ({"amount": 1e22}, "amount", "1e+22"),
        ({"amount": -0.0}, "amount", "-0.0"),
        ({"paid": True}, "paid", "true"),
        ({"a": "{}"}, "a", "{}"),
        ({"a": "null"}, "a", "null"),
        ({"a": "it's 100 %s", "b": "'"}, "a", "it's 100 %s"),
        ({"a": "x", "odd": "a\x00b", "half": "\ud83d", "whole": "😀", "slash": "\\u0000"}, "a", "x"),
        ({"a": "😀", "odd": "a\x00b", "half": "\ude00\ud83d"}, "a", "😀"),
    ],
)
def test_a_value_is_compared_as_it_is_written_on_every_database(
    house: House, given: dict[str, Json], field: str, value: str
) -> None:
    record(house, given, PLAIN)
    add(house, "It", field, value)
    assert numbers_given_to(house.reviewer, house) == [2]
    found: Json = given
    for name in field.split("."):
        assert isinstance(found, dict)
        found = found[name]
    assert spell_as_stored(found) == value


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({}, "a", "x"),
        ({"a": None}, "a", "null"),
        ({"a": ["x"]}, "a.0", "x"),
        ({"a": ["x"]}, "a", '["x"]'),
        ({"a": {"b": 1}}, "a", '{"b": 1}'),
        ({"a": "x"}, "a.b", "x"),
        ({"a": 3}, "a.b", "3"),
        ({"a": "X"}, "a", "x"),
        ({"a": 3.0}, "a", "3"),
        ({"a": "x "}, "a", "x"),
        ({"A": "x"}, "a", "x"),
        ({"a.b": "x"}, "a.b", "x"),
        ({"a": "\x00"}, "a", "\ufffd "),
    ],
)
def test_what_is_absent_or_otherwise_needs_no_skill(house: House, given: JsonObject, field: str, value: str) -> None:
    record(house, given)
    add(house, "It", field, value)
    assert numbers_given_to(house.reviewer, house) == [1]


def test_the_text_of_a_value_is_none_where_there_is_none(house: House) -> None:
    record(house, {"a": {"b": "x"}}, {"a": "x"}, {"a": []}, PLAIN)
    texts = Job.objects.annotate(text=InputText("input", ["a", "b"])).order_by("number").values_list("text", flat=True)
    assert list(texts) == ["x", None, None, None]


def test_without_skills_the_desk_asks_exactly_what_it_asked_before(house: House) -> None:
    record(house, FRENCH)
    with CaptureQueriesContext(connection) as queries:
        claim_next_job(house.reviewer, house.workflow)
    assert not any("json_" in query["sql"].lower() for query in queries)
    add(house, "German", "language", "de")
    with CaptureQueriesContext(connection) as queries:
        claim_next_job(house.reviewer, house.workflow)
    assert any("json_" in query["sql"].lower() for query in queries)


def test_a_second_review_is_asked_only_of_who_has_the_skill(house: House, dora: User) -> None:
    set_shares(house, second=1)
    french, plain = record(house, FRENCH, PLAIN)
    add(house, "French", "language", "fr", house.bob, dora)
    for job in (french, plain):
        decide_at_desk(house.reviewer, decision(job, "bob"))
    assert SecondReview.objects.count() == 2
    assert numbers_given_to(house.owner, house) == [plain.number]
    with pytest.raises(JobAlreadyDecided):
        french.refresh_from_db()
        decide_at_desk(house.owner, decision(french, "alice"))
    assert numbers_given_to(actor(dora), house) == [french.number, plain.number]


def test_no_second_review_is_asked_for_where_nobody_else_has_the_skill(house: House, dora: User) -> None:
    set_shares(house, second=1)
    french, both, plain = record(house, FRENCH, {**FRENCH, "kind": "contract"}, PLAIN)
    add(house, "French", "language", "fr", house.bob, dora)
    add(house, "Law", "kind", "contract", house.bob, house.alice)
    for job in (french, both, plain):
        decide_at_desk(house.reviewer, decision(job, "bob"))
    assert set(SecondReview.objects.values_list("job__number", flat=True)) == {french.number, plain.number}


def test_who_has_the_skill_and_lost_the_role_is_nobody_to_ask(house: House, dora: User) -> None:
    set_shares(house, second=1)
    (job,) = record(house, FRENCH)
    add(house, "French", "language", "fr", house.bob, dora)
    take_role(house.owner, house.workflow, dora)
    decide_at_desk(house.reviewer, decision(job))
    assert not SecondReview.objects.exists()


def test_a_known_answer_is_planted_only_before_who_has_the_skill(house: House, dora: User) -> None:
    known, first, second = record(house, FRENCH, PLAIN, PLAIN)
    accept(house.owner, [known])
    KnownAnswer.objects.create(job=known, workflow=house.workflow, by="alice", at=timezone.now())
    skill = add(house, "French", "language", "fr")
    set_shares(house, planted=0.5)
    house.workflow.salt = "plants"
    house.workflow.save()
    ReviewTerms.objects.update(planted_share=0.5)
    for job in (first, second, *record_jobs(house.workflow, [GOOD] * 10, first_id=50)):
        job.refresh_from_db()
        decide_at_desk(house.reviewer, decision(job, "bob"))
    assert not SecondReview.objects.filter(kind=SecondKind.PLANTED).exists()
    skill.holders.add(house.bob)
    for job in record_jobs(house.workflow, [GOOD] * 10, first_id=70):
        decide_at_desk(house.reviewer, decision(job, "bob"))
    assert SecondReview.objects.filter(kind=SecondKind.PLANTED, for_user=house.bob).exists()


def test_a_third_decision_waits_for_somebody_with_the_skill_and_the_owner_is_told(house: House, dora: User) -> None:
    set_shares(house, second=1)
    (job,) = record(house, FRENCH)
    skill = add(house, "French", "language", "fr", house.bob, dora)
    decide_at_desk(house.reviewer, decision(job, "bob"))
    job.refresh_from_db()
    other = Decision(
        job=job,
        verdict=ReviewVerdict.REJECTED,
        reason_code="wrong_choice",
        idempotency_key="dora",
    )
    decide_at_desk(actor(dora), other)
    assert SecondReview.objects.filter(kind=SecondKind.THIRD, is_waiting=True).count() == 1
    assert numbers_given_to(house.owner, house) == []
    assert count_thirds_for_nobody(house.workflow) == 1
    set_holders(house.owner, skill, [house.alice, house.bob, dora])
    assert count_thirds_for_nobody(house.workflow) == 0
    assert numbers_given_to(house.owner, house) == [job.number]


def test_counts_leave_out_what_somebody_may_not_decide(house: House, client: Client) -> None:
    record(house, FRENCH, FRENCH, PLAIN, FRENCH)
    add(house, "French", "language", "fr")
    place_jobs(house.owner, house.workflow, [4], Placing(assignee=house.bob))
    state = get_queue_state(house.workflow, house.bob.pk, now=timezone.now())
    assert (state.waiting, state.needing_more) == (4, 2)
    work = find_waiting_work(house.workflow, house.bob.pk, now=timezone.now())
    assert work is not None
    assert (work.waiting, [job.number for job in work.first]) == (2, [3, 4])
    client.force_login(house.bob)
    page = client.get("/workflows/support-inbox/jobs")
    (count,) = [tab.count for tab in page.context["nav_workflow_tabs"] if tab.label == "Review"]
    assert count == "2"


def test_the_desk_says_how_much_waits_that_needs_another_skill(house: House, client: Client) -> None:
    record(house, FRENCH, FRENCH)
    add(house, "French", "language", "fr")
    client.force_login(house.bob)
    page = client.get("/workflows/support-inbox/review").content.decode()
    assert "2 jobs wait that need a skill which you do not have. An owner can give it to you." in page
    assert "settings/skills" not in page
    client.force_login(house.alice)
    assert PAGE in client.get("/workflows/support-inbox/review").content.decode()


def test_jobs_that_nobody_may_decide_are_counted(house: House, dora: User) -> None:
    record(house, FRENCH, {**FRENCH, "kind": "contract"}, PLAIN, {**FRENCH, "kind": "contract"})
    assert count_for_nobody(house.workflow.pk) == 0
    french = add(house, "French", "language", "fr", dora, house.charlie)
    assert count_for_nobody(house.workflow.pk) == 0
    law = add(house, "Law", "kind", "contract", house.bob)
    assert count_for_nobody(house.workflow.pk) == 2  # each has one of the two skills
    place_jobs(house.owner, house.workflow, [2], Placing(assignee=house.bob))
    assert count_for_nobody(house.workflow.pk) == 1
    set_holders(house.owner, french, [])
    assert count_for_nobody(house.workflow.pk) == 2
    set_holders(house.owner, law, [])
    remove_skill(house.owner, french)
    remove_skill(house.owner, law)
    assert count_for_nobody(house.workflow.pk) == 0


def test_the_queue_says_which_skill_a_job_needs(house: House) -> None:
    record(house, {**FRENCH, "kind": "contract"}, PLAIN)
    add(house, "French", "language", "fr")
    add(house, "Law", "kind", "contract")
    rows = list_queue(house.workflow, QueueFilter(), page=1, now=timezone.now()).rows
    assert sorted(rows[0].skills.split(", ")) == ["French", "Law"]
    assert rows[1].skills == ""


def test_a_skill_is_added_given_and_removed_and_the_trail_says_so(house: House) -> None:
    record(house, FRENCH)
    said = {"label": "French", "field": "language", "value": "fr"}
    skill = add_skill(house.owner, house.workflow, **said, holders=[house.bob])
    set_holders(house.owner, skill, [house.alice, house.bob])
    remove_skill(house.owner, skill)
    acts = AuditEvent.objects.filter(kind__startswith="skill_").order_by("pk")
    assert list(acts.values_list("kind", "subject")) == [
        ("skill_added", "French (language: fr): bob"),
        ("skill_given", "French (language: fr): alice, bob"),
        ("skill_removed", "French"),
    ]
    assert not Skill.objects.exists()


@pytest.mark.parametrize("by", ["reviewer", "stranger"])
def test_only_an_owner_changes_skills(house: House, by: str) -> None:
    record(house, FRENCH)
    skill = add(house, "French", "language", "fr")
    who = getattr(house, by)
    with pytest.raises(PermissionMissing):
        add_skill(who, house.workflow, label="German", field="language", value="de")
    with pytest.raises(PermissionMissing):
        set_holders(who, skill, [house.bob])
    with pytest.raises(PermissionMissing):
        remove_skill(who, skill)


@pytest.mark.parametrize(
    ("change", "about", "words"),
    [
        ({"label": ""}, "label", "Write 1 to 100"),
        ({"label": "french"}, "label", "already"),
        ({"value": "x" * 201}, "value", "Write 1 to 200"),
        ({"value": "a\nb"}, "value", "on one line"),
        ({"field": "nowhere"}, "field", "No job here has"),
        ({"field": "language."}, "field", "No job here has"),
        ({"field": 'la"nguage'}, "field", "No job here has"),
        ({"value": "fr"}, "value", "need a skill already"),
        ({"holders": "charlie"}, "holders", "may not decide"),
    ],
)
def test_a_skill_that_cannot_be_is_refused_with_what_to_do(
    house: House, change: dict[str, str], about: str, words: str
) -> None:
    record(house, FRENCH)
    add(house, "French", "language", "fr")
    holders = [house.charlie] if "holders" in change else []
    said = {"label": "German", "field": "language", "value": "de", **change}
    said.pop("holders", None)
    with pytest.raises(SkillRefused, match=words) as refused:
        add_skill(house.owner, house.workflow, **said, holders=holders)
    assert refused.value.about == about
    assert Skill.objects.count() == 1


def test_fields_of_the_boundary_and_of_what_came_in_are_offered(house: House) -> None:
    house.workflow.input_schema = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "tone": {"enum": ["angry", "calm", 3]}},
    }
    house.workflow.save()
    record(house, {**FRENCH, "customer": {"vip": True}, "text": "x" * 300}, GERMAN)
    kinds = {kind.field: set(kind.values) for kind in list_kinds(house.workflow)}
    assert kinds == {
        "text": set(),
        "tone": {"angry", "calm", "3"},
        "language": {"fr", "de"},
        "customer.vip": {"true"},
    }


def test_the_page_adds_a_skill_says_what_waits_and_warns_where_nobody_has_it(house: House, client: Client) -> None:
    record(house, FRENCH, FRENCH, PLAIN)
    client.force_login(house.alice)
    page = client.get(PAGE).content.decode()
    assert "Everybody decides everything" in page
    assert '<option value="fr" label="language">' in page
    wrong = client.post(f"{PAGE}/add", {"label": "French", "field": "lingo", "value": "fr"})
    assert "No job here has “lingo”" in wrong.content.decode()
    said = {"label": "French <b>", "field": "language", "value": "fr"}
    page = client.post(f"{PAGE}/add", said, follow=True).content.decode()
    assert "2 jobs wait that nobody here may decide" in page
    assert "French &lt;b&gt;" in page
    assert (
        "2 jobs wait that nobody here may decide"
        in client.get("/workflows/support-inbox/review/queue").content.decode()
    )
    skill = Skill.objects.get()
    give = f"{PAGE}/{skill.pk}/holders"
    page = client.post(give, {"holders": [str(house.bob.pk)]}, follow=True).content.decode()
    assert "nobody here may decide" not in page
    assert [row.waiting for row in list_skills(house.workflow)] == [2]
    client.post(give, {"holders": [str(house.charlie.pk)]})
    assert list(skill.holders.all()) == [house.bob]
    client.post(f"{PAGE}/{skill.pk}/remove")
    assert not Skill.objects.exists()
    assert client.post(give, {}).status_code == 404


def test_a_skill_of_another_workflow_is_not_found(house: House, client: Client) -> None:
    skill = Skill.objects.create(workflow=house.elsewhere, label="French", field="language", value="fr")
    client.force_login(house.alice)
    for act in ("holders", "remove"):
        assert client.post(f"{PAGE}/{skill.pk}/{act}").status_code == 404
    assert Skill.objects.filter(pk=skill.pk).exists()


def test_skills_of_another_workflow_hide_nothing_here(house: House) -> None:
    record(house, FRENCH)
    Skill.objects.create(workflow=house.elsewhere, label="French", field="language", value="fr")
    assert numbers_given_to(house.reviewer, house) == [1]
