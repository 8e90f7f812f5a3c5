"""The release in the agent: fetched, kept, believed only if it is whole, and decided by as the server would."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import teachback
from odd_server import Call, OddServer, attributes_of
from own_loop import run_alone
from servers import wait_until
from teachback.json_types import content_hash
from teachback.known_release import ReleaseUnreadable, parse_release, route_result
from teachback.nearest import WordIndex
from teachback.release_document import Approval, Check, ReleaseDocument, Rule
from teachback.release_keeping import in_our_time
from teachback.routing import AutonomyState, decide_routing, draw_uniform
from teachback.split import Split, split_of
from teachback.vocabulary import JobStatus, RoutingKind
from teachback.wire.http_calls import CallFailed

EXAMPLES = [
    teachback.Example(input={"text": f"Where is my parcel number {number}?"}, output={"queue": "delivery"})
    for number in range(150)
]
DOCUMENT = ReleaseDocument(
    workflow="support-desk",
    instructions="Read all of it.",
    example_hashes=tuple(sorted(example.content_hash for example in EXAMPLES)),
    rules=(
        Rule(name="no refunds", when="output.queue == 'refunds'", action="hand_back", reason="Refunds are for people."),
        Rule(name="no drafts", when="has(output.draft)", action="clear_field", field="draft"),
    ),
    checks=(Check(name="known queue", kind="one_of", field="queue", values=("delivery", "returns", "refunds")),),
    approval=Approval(threshold=0.8, error_limit=0.05, certainty=0.9),
)
OUTPUT_SCHEMA = {
    "type": "object",
    "properties": {"queue": {"type": "string"}, "draft": {"type": "string"}},
    "required": ["queue"],
}
ADDRESS = "/api/v1/workflows/support-desk/release"
desk = teachback.workflow("support-desk")


def answer_of(document: ReleaseDocument = DOCUMENT, /, **changes: Any) -> dict[str, Any]:
    return {
        "workflow": "support-desk",
        "number": 3,
        "content_hash": document.content_hash,
        "live_since": "2026-03-02T08:00:00Z",
        "is_autonomy_on": True,
        "valid_until": (datetime.now(UTC) + timedelta(hours=24)).isoformat(),
        "is_early": False,
        "earning_release": "",
        "salt": "salt",
        "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
        "output_schema": OUTPUT_SCHEMA,
        "document": json.loads(json.dumps(document.as_json())),
        **changes,
    }


def give_examples(call: Call) -> dict[str, Any]:
    asked = parse_qs(urlsplit(call.path).query)["hash"]
    assert len(asked) <= 100
    by_hash = {example.content_hash: example for example in EXAMPLES}
    found = [(name, by_hash[name]) for name in asked if name in by_hash]
    return {
        "examples": [{"content_hash": name, "input": one.input, "output": one.output} for name, one in found],
        "after": "",
    }


def serve(odd: OddServer, answer: Mapping[str, Any], *, etag: str = '"one"') -> None:
    odd.etag = etag
    odd.answers = {ADDRESS: answer, "/api/v1/workflows/support-desk/examples": give_examples}


def asked_for_release(odd: OddServer) -> list[Call]:
    return [call for call in odd.calls if call.path == ADDRESS]


def test_an_agent_works_under_the_release_that_the_server_has(odd: OddServer, configure: Callable[..., None]) -> None:
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    release = desk.release
    assert (release.number, release.instructions) == (3, "Read all of it.")
    assert (release.approval.threshold, len(release.rules), len(release.checks)) == (0.8, 2, 1)
    assert sorted(example.content_hash for example in release.examples) == list(DOCUMENT.example_hashes)
    nearest = release.nearest_examples({"text": "And where is parcel 77?"}, 2)
    assert nearest[0].input == {"text": "Where is my parcel number 77?"}
    wait_until(lambda: len(asked_for_release(odd)) >= 3, "the release to be asked for again")
    assert asked_for_release(odd)[-1].headers["If-None-Match"] == '"one"'
    assert asked_for_release(odd)[0].headers["Authorization"] == "Bearer tb_key"
    assert sum("examples" in call.path for call in odd.calls) == 2, "each example is fetched once"


def run_with(output: Mapping[str, Any], confidence: float | None) -> teachback.JobResult:
    return desk.run(lambda ticket: (output, confidence), {"text": "Where is it?"}, id="t-7")


def test_results_are_decided_by_the_rules_checks_and_approval_of_the_release(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    sure = run_with({"queue": "delivery", "draft": "x"}, 0.9)
    assert (sure.output, sure.returned) == ({"queue": "delivery"}, {"queue": "delivery", "draft": "x"})
    assert sure.routing.kind is RoutingKind.AUTO
    assert sure.may_be_used
    assert sure.wait_for_review(timeout_seconds=0).output == {"queue": "delivery"}
    unsure = run_with({"queue": "delivery"}, 0.5)
    assert (unsure.routing.kind, unsure.may_be_used) == (RoutingKind.REVIEW, False)
    assert "Too unsure" in unsure.routing.reason
    unknown = run_with({"queue": "sales"}, 0.9)
    assert "known queue" in unknown.routing.reason
    unfit = run_with({"draft": "x"}, 0.9)
    assert "the boundary" in unfit.routing.reason
    refund = run_with({"queue": "refunds"}, 0.9)
    assert (refund.status, refund.output) == (JobStatus.HANDED_BACK, None)
    assert refund.hand_back_reason == "Refunds are for people."
    assert teachback.flush(timeout_seconds=20)
    facts = [attributes_of(span) for span in odd.list_spans()]
    assert {one["teachback.release"] for one in facts} == {DOCUMENT.content_hash}
    assert [one["teachback.routing"] for one in facts] == ["auto", "review", "review", "review", "review"]


def test_the_server_would_decide_each_job_alike() -> None:
    release = parse_release(answer_of(earning_release="release 4", is_early=True))
    kinds = set()
    for number in range(300):
        job_id, given = f"job-{number}", {"text": f"Message {number}"}
        group = "" if number % 2 else f"customer {number}"
        routing = route_result(
            release,
            job_id=job_id,
            group=group,
            get_input=lambda given=given: given,
            status=JobStatus.FINISHED,
            confidence=0.75 + number / 1000,
            wants_review="",
        )
        expected = decide_routing(
            status=JobStatus.FINISHED,
            confidence=0.75 + number / 1000,
            wants_review="",
            approval=DOCUMENT.approval,
            autonomy=AutonomyState(is_on=True, reviews_test_cases=True, earning_release="release 4"),
            is_test_case=split_of(group or content_hash(given), "salt") is Split.GATE,
            draw=draw_uniform("salt", job_id),
        )
        assert routing == expected
        kinds.add(routing.kind)
    assert kinds == {RoutingKind.AUTO, RoutingKind.AUDIT, RoutingKind.REVIEW}


@pytest.mark.parametrize(
    ("valid_until", "kind"),
    [("2026-03-02T12:00:01+00:00", RoutingKind.AUTO), ("2026-03-02T12:00:00+00:00", RoutingKind.REVIEW)],
)
def test_autonomy_ends_when_the_copy_is_too_old(valid_until: str, kind: RoutingKind) -> None:
    release = parse_release(answer_of(valid_until=valid_until))
    routing = route_result(
        release,
        job_id="job-1",
        group="",
        get_input=dict,
        status=JobStatus.FINISHED,
        confidence=0.99,
        wants_review="",
        now=datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
    )
    assert routing.kind is kind
    assert kind is RoutingKind.AUTO or "too old" in routing.reason


@pytest.mark.parametrize(
    ("date", "until"),
    [
        ("Mon, 02 Mar 2026 12:00:02 GMT", "2026-03-03T12:00:00+00:00"),
        ("Tue, 03 Mar 2026 12:00:00 GMT", "2026-03-02T12:00:00+00:00"),
        ("Mon, 02 Mar 2026 11:00:00 GMT", "2026-03-03T13:00:00+00:00"),
        ("today", "2026-03-03T12:00:00+00:00"),
        ("", "2026-03-03T12:00:00+00:00"),
    ],
)
def test_a_clock_that_is_wrong_does_not_lengthen_autonomy(date: str, until: str) -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    content = in_our_time({"valid_until": "2026-03-03T12:00:00+00:00", "number": 3}, {"date": date}, now)
    assert content == {"valid_until": until, "number": 3}
    for odd_until in (None, "soon", 7):
        assert in_our_time({"valid_until": odd_until}, {"date": date}, now) == {"valid_until": odd_until}


def test_a_clock_that_is_set_back_while_the_program_runs_does_not_lengthen_autonomy(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    odd.answers |= {ADDRESS: answer_of(ReleaseDocument(workflow="support-desk", approval=Approval(threshold=0.8)))}
    configure(odd)
    assert desk.load_release(timeout_seconds=30)
    release = desk.release
    assert release.autonomy.lapses_at is not None
    assert time.monotonic() < release.autonomy.lapses_at <= time.monotonic() + 86_400
    lapsed = replace(release, autonomy=replace(release.autonomy, lapses_at=0.0))
    reasons = [
        route_result(
            one,
            job_id="job-1",
            group="",
            get_input=dict,
            status=JobStatus.FINISHED,
            confidence=0.99,
            wants_review="",
        ).reason
        for one in (release, lapsed)
    ]
    assert ["too old" in reason for reason in reasons] == [False, True]


def test_a_disk_that_takes_no_release_costs_only_the_copy(
    odd: OddServer, configure: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    odd.answers |= {ADDRESS: answer_of(ReleaseDocument(workflow="support-desk"))}
    configure(odd, home=tmp_path / "file")
    assert desk.load_release(timeout_seconds=30)
    wait_until(lambda: "cannot keep the release on disk" in caplog.text, "the warning")
    assert "Traceback" not in caplog.text


def test_autonomy_that_the_server_took_back_is_not_used(odd: OddServer, configure: Callable[..., None]) -> None:
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    assert run_with({"queue": "delivery"}, 0.9).may_be_used
    serve(odd, answer_of(is_autonomy_on=False, valid_until=None), etag='"two"')
    wait_until(lambda: desk.release.autonomy.valid_until is None, "the word from the server")
    assert "autonomy is off" in run_with({"queue": "delivery"}, 0.9).routing.reason


def test_the_last_release_is_kept_while_the_server_is_away_and_by_the_next_process(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    for mode in ("500", "garbage", "portal", "hang"):
        odd.mode = mode
        seen = len(asked_for_release(odd))
        wait_until(lambda seen=seen: len(asked_for_release(odd)) > seen, "another question")
        assert run_with({"queue": "delivery"}, 0.9).may_be_used
    configure(odd)
    wait_until(lambda: desk.release.is_known, "the copy on disk")
    assert len(desk.release.examples) == 150
    assert run_with({"queue": "delivery"}, 0.9).may_be_used


@pytest.mark.parametrize(
    "damage",
    [
        {"content_hash": "0" * 32},
        {"valid_until": "2099-01-01T00:00:00"},
        {"valid_until": "soon"},
        {"document": {"workflow": "support-desk", "unknown lever": 1}},
        {"document": None},
        {"number": "three"},
        {"output_schema": []},
    ],
)
def test_a_release_that_is_not_whole_is_not_believed(
    damage: dict[str, Any], odd: OddServer, configure: Callable[..., None]
) -> None:
    with pytest.raises(ReleaseUnreadable):
        parse_release(answer_of(**damage))
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    serve(odd, answer_of(**damage), etag='"two"')
    seen = len(asked_for_release(odd))
    wait_until(lambda: len(asked_for_release(odd)) > seen, "another question")
    assert run_with({"queue": "delivery"}, 0.9).may_be_used


def test_a_copy_on_disk_that_somebody_changed_is_not_believed(
    odd: OddServer, configure: Callable[..., None], tmp_path: Path
) -> None:
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    wait_until(lambda: any(tmp_path.rglob("release.json")), "the copy on disk")
    (path,) = tmp_path.rglob("release.json")
    path.write_text(path.read_text().replace('"is_early": false', '"is_early": true'))
    odd.mode = "500"
    configure(odd)
    assert desk.load_release(timeout_seconds=20) is False
    path.write_bytes(b"\xff not json")
    configure(odd)
    assert desk.load_release(timeout_seconds=20) is False


def test_a_release_whose_examples_cannot_be_had_works_but_lets_nothing_past_review(
    odd: OddServer, configure: Callable[..., None]
) -> None:
    serve(odd, answer_of())
    odd.answers["/api/v1/workflows/support-desk/examples"] = (500, {})
    configure(odd)
    desk.load_release(timeout_seconds=20)
    assert desk.release.instructions == "Read all of it."
    assert not run_with({"queue": "delivery"}, 0.9).may_be_used
    odd.answers["/api/v1/workflows/support-desk/examples"] = give_examples
    wait_until(lambda: len(desk.release.examples) == 150, "the examples")
    assert run_with({"queue": "delivery"}, 0.9).may_be_used


def test_an_example_whose_job_was_deleted_is_missed_by_nobody(odd: OddServer, configure: Callable[..., None]) -> None:
    gone = replace(DOCUMENT, example_hashes=(*DOCUMENT.example_hashes, "f" * 32))
    serve(odd, answer_of(gone))
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    assert len(desk.release.examples) == 150
    assert run_with({"queue": "delivery"}, 0.9).may_be_used


def test_a_job_ends_under_the_release_that_it_began_under(odd: OddServer, configure: Callable[..., None]) -> None:
    serve(odd, answer_of())
    configure(odd)
    assert desk.load_release(timeout_seconds=20)
    newer = replace(DOCUMENT, instructions="Skim it.")
    with desk.start({"text": "x"}) as job:
        serve(odd, answer_of(newer, number=4), etag='"two"')
        wait_until(lambda: job.release is not fresh_release(), "the newer release")
        assert desk.release.instructions == "Read all of it."
        job.output = {"queue": "delivery"}
    assert job.get_result().release_number == 3
    assert desk.release.instructions == "Skim it."


def fresh_release() -> teachback.Release:
    return desk._find_connection().find_release()


def test_the_decision_of_a_person_is_waited_for(odd: OddServer, configure: Callable[..., None]) -> None:
    find = "/api/v1/workflows/support-desk/jobs/find"
    odd.answers[find] = (404, {"detail": "not yet"})
    configure(odd)
    result = desk.run(lambda ticket: {"queue": "delivery"}, {"text": "x"}, id="t/1 ü")
    assert result.wait_for_review(timeout_seconds=0.1).is_decided is False
    odd.answers[find] = {"is_final": False, "final_output": None, "review": None}
    assert result.wait_for_review(timeout_seconds=0.1).is_decided is False
    odd.answers[find] = {
        "is_final": True,
        "final_output": {"queue": "returns"},
        "review": {"verdict": "corrected", "reason": "Wrong choice", "note": "", "reviewer": "bob"},
    }
    decision = result.wait_for_review(timeout_seconds=20)
    assert (decision.is_final, decision.output) == (True, {"queue": "returns"})
    assert (decision.verdict, decision.reason, decision.reviewer) == ("corrected", "Wrong choice", "bob")
    call = next(call for call in odd.calls if call.path.startswith(find))
    assert parse_qs(urlsplit(call.path).query) == {"id": ["t/1 ü"]}


def test_the_decision_is_awaited_without_holding_up_others(odd: OddServer, configure: Callable[..., None]) -> None:
    find = "/api/v1/workflows/support-desk/jobs/find"
    odd.answers[find] = (404, {"detail": "not yet"})
    configure(odd)

    async def work(ticket: object) -> dict[str, str]:
        return {"queue": "delivery"}

    async def decide(waiting: asyncio.Task[teachback.Decision]) -> None:
        while not any(call.path.startswith(find) for call in odd.calls):
            await asyncio.sleep(0.01)
        assert not waiting.done()
        odd.answers[find] = {"is_final": True, "final_output": {"queue": "x"}, "review": {"verdict": "accepted"}}

    async def main() -> teachback.Decision:
        result = await desk.run_async(work, {})
        waiting = asyncio.create_task(result.wait_for_review_async(timeout_seconds=60))
        await decide(waiting)
        return await waiting

    assert run_alone(main()).verdict == "accepted"


@pytest.mark.parametrize("mode", ["500", "garbage", "hang", "portal"])
def test_waiting_ends_in_time_and_without_an_exception_whatever_the_server_does(
    mode: str, odd: OddServer, configure: Callable[..., None]
) -> None:
    configure(odd)
    odd.mode = mode
    result = desk.run(lambda ticket: {"queue": "delivery"}, {"text": "x"})
    assert result.wait_for_review(timeout_seconds=0.2) == teachback.Decision(is_final=False, output=None)


def test_a_question_for_the_decision_gets_no_longer_than_the_caller_waits(
    odd: OddServer, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(odd, timeout_seconds=60)
    given: list[float] = []

    def call(*args: object, timeout_seconds: float, **kwargs: object) -> None:
        given.append(timeout_seconds)
        raise CallFailed("away")

    monkeypatch.setattr("teachback.reviewed.call_server", call)
    result = desk.run(lambda ticket: {"queue": "delivery"}, {"text": "x"})
    result.wait_for_review(timeout_seconds=0)
    result.wait_for_review(timeout_seconds=0.2)
    assert set(given) == {1.0}


def test_a_rejected_job_is_decided_and_gives_nothing_to_use(odd: OddServer, configure: Callable[..., None]) -> None:
    odd.answers["/api/v1/workflows/support-desk/jobs/find"] = {
        "is_final": False,
        "final_output": None,
        "review": {"verdict": "rejected"},
    }
    configure(odd)
    decision = desk.run(lambda ticket: {"queue": "x"}, {}).wait_for_review(timeout_seconds=20)
    assert (decision.is_decided, decision.output, decision.verdict) == (True, None, "rejected")


def test_asking_for_the_release_never_waits(configure: Callable[..., None], odd: OddServer) -> None:
    odd.mode = "hang"
    configure(odd, timeout_seconds=30.0)
    assert desk.release.is_known is False
    wait_until(lambda: bool(asked_for_release(odd)), "the question that hangs")
    assert desk.run(lambda ticket: ticket, {}).routing.kind is RoutingKind.REVIEW


def test_the_nearest_inputs_share_the_most_words() -> None:
    index = WordIndex(
        [
            {"text": "Where is my parcel?"},
            {"text": "I want my money back, and where is your shop?"},
            {"text": "Parcel lost", "from": {"name": "Ann", "age": 7}},
            {"text": ""},
        ]
    )
    assert index.find_nearest({"text": "parcel LOST by Ann"}, 5) == (2, 0)
    assert index.find_nearest({"text": "where is the parcel"}, 1) == (0,)
    assert index.find_nearest({"age": 7}, 3) == (2,)
    assert index.find_nearest({"text": "nothing alike"}, 3) == ()
    assert index.find_nearest({"text": "parcel"}, 0) == ()
    assert WordIndex([]).find_nearest({"text": "parcel"}, 3) == ()
