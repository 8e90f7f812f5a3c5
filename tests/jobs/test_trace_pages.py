"""The pages of a trace: the timeline on the job page, its pieces, and one step in full."""

import json
from collections.abc import Sequence

import pytest
from django.test import Client
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from builders import MORNING, House, record_jobs
from otlp_requests import asked, make_request, make_span
from teachback.vocabulary import JobStatus, StepKind
from teachback_server.agents.protocol import AgentResult, StepResult
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.jobs.intake.digest import Digester
from teachback_server.jobs.intake.inbox import keep_request
from teachback_server.jobs.models import Job, TraceRequest
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import take_request
from teachback_server.jobs.queries import MOST_TELLING_STEPS
from teachback_server.jobs.step_view import MOST_LETTERS, MOST_MESSAGES
from teachback_server.jobs.timeline import MOST_ROWS
from teachback_server.jobs.trace_queries import MOST_TROUBLED
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.queries import get_live_state

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
HTMX = {"HX-Request": "true"}


def take(house: House, spans: Sequence[Span]) -> Job:
    """Send a trace, and find the job that it became."""
    body = make_request(spans).SerializeToString()
    keep_request(house.workflow.pk, "tb_test", body, take_request(body, is_json=False))
    while Digester(open_trace_store()).digest_some():
        pass
    return Job.objects.filter(workflow=house.workflow).latest("number")


def address(job: Job, *parts: str) -> str:
    return "/".join((f"/workflows/support-inbox/jobs/{job.number}", *parts))


def span_id(number: int) -> str:
    return f"{number:016x}"


def sample_trace() -> list[Span]:
    """An agent that asks a model and then a tool, which fails."""
    said = [{"role": "user", "parts": [{"type": "text", "content": "Where is <b>my</b> parcel?"}]}]
    answer = [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "find_parcel", "arguments": {"number": "A17"}}],
        }
    ]
    model = make_span(
        1,
        2,
        parent=1,
        name="chat mini",
        seconds=0.5,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "mini-4",
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.input.messages": json.dumps(said),
            "gen_ai.output.messages": json.dumps(answer),
        },
    )
    tool = make_span(
        1,
        3,
        parent=1,
        name="execute_tool find_parcel",
        start_seconds=0.5,
        seconds=0.25,
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "find_parcel",
            "gen_ai.tool.call.arguments": '{"number": "A17"}',
            "gen_ai.tool.call.result": '{"state": "unknown"}',
        },
    )
    tool.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="The parcel service is away."))
    return [make_span(1, 1, name="answer mail", attributes=asked("Where is my parcel?")), model, tool]


def test_the_job_page_shows_the_steps_nested_with_their_figures(client: Client, house: House) -> None:
    job = take(house, sample_trace())
    client.force_login(house.bob)
    page = client.get(address(job)).content.decode()
    for shown in ("answer mail", "mini-4", "find_parcel", "150 tokens", "500\u00a0ms", "1 failed"):
        assert shown in page
    assert page.index("answer mail") < page.index("mini-4") < page.index("find_parcel")
    assert page.count('<ol class="trace-steps"') == 2
    assert 'x="500.0" width="250.0"' in page
    assert "style=" not in page


def test_of_many_steps_that_failed_the_first_are_named_and_the_others_counted(client: Client, house: House) -> None:
    failed = [make_span(1, number, parent=1, name=f"try {number}") for number in range(2, 15)]
    for span in failed:
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR))
    job = take(house, [make_span(1, 1, name="answer mail", attributes=asked("Where is my parcel?")), *failed])
    client.force_login(house.bob)
    page = client.get(address(job)).content.decode()
    assert page.count(" after ") >= MOST_TROUBLED
    assert f"and in {13 - MOST_TROUBLED} more</p>" in page


def test_a_step_opens_with_its_messages_escaped(client: Client, house: House) -> None:
    job = take(house, sample_trace())
    client.force_login(house.bob)
    piece = client.get(address(job, "steps", span_id(2)), headers=HTMX).content.decode()
    assert "Where is &lt;b&gt;my&lt;/b&gt; parcel?" in piece
    assert "find_parcel" in piece
    assert "120 read, 30 written" in piece
    assert "<html" not in piece
    whole_page = client.get(address(job, "steps", span_id(2))).content.decode()
    assert "<html" in whole_page
    assert "Back to the job" in whole_page


def test_a_failed_tool_shows_what_it_was_given_and_why_it_failed(client: Client, house: House) -> None:
    job = take(house, sample_trace())
    client.force_login(house.bob)
    piece = client.get(address(job, "steps", span_id(3)), headers=HTMX).content.decode()
    for shown in ("The parcel service is away.", "A17", "unknown"):
        assert shown in piece


def test_a_long_text_is_cut_until_all_of_it_is_asked_for(client: Client, house: House) -> None:
    job = take(house, [make_span(1, 1, attributes=asked("word " * MOST_LETTERS + "THE END"))])
    client.force_login(house.bob)
    short = client.get(address(job, "steps", span_id(1))).content.decode()
    assert "THE END" not in short
    assert "Show all of it" in short
    whole = client.get(address(job, "steps", span_id(1)), {"whole": "yes"}).content.decode()
    assert "THE END" in whole
    assert "Show all of it" not in whole


def test_of_a_long_conversation_the_first_and_the_newest_messages_are_shown(client: Client, house: House) -> None:
    said = [{"role": "user", "content": f"turn {turn}."} for turn in range(MOST_MESSAGES + 5)]
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(
            [{"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]} for one in said]
        ),
    }
    job = take(house, [make_span(1, 1, attributes=attributes)])
    client.force_login(house.bob)
    page = client.get(address(job, "steps", span_id(1))).content.decode()
    assert "turn 0." in page
    assert "turn 1." not in page
    assert f"turn {MOST_MESSAGES + 4}." in page
    assert "5 messages in between are left out here" in page


def test_half_a_character_in_a_text_is_no_error(client: Client, house: House) -> None:
    attributes = {"openinference.span.kind": "TOOL", "input.value": '{"text": "half \\ud83d of one"}'}
    attributes["input.mime_type"] = "application/json"
    job = take(house, [make_span(1, 1, attributes=attributes)])
    client.force_login(house.bob)
    assert client.get(address(job, "steps", span_id(1))).status_code == 200
    assert client.get(address(job)).status_code == 200


def test_many_steps_come_in_pieces_that_lead_to_the_next(client: Client, house: House) -> None:
    spans = [make_span(1, 1, name="all", seconds=1000, attributes=asked("Sort these."))]
    spans += [make_span(1, n, parent=1, name=f"piece-{n}.", start_seconds=n) for n in range(2, 702)]
    job = take(house, spans)
    client.force_login(house.bob)
    page = client.get(address(job)).content.decode()
    assert page.count('<li class="trace-step">') == MOST_ROWS
    assert f"The next 300 of {700 - MOST_ROWS + 1} more steps" in page
    following = {"within": span_id(1), "from": str(MOST_ROWS - 1)}
    piece = client.get(address(job, "steps"), following, headers=HTMX).content.decode()
    assert piece.count('<li class="trace-step">') == MOST_ROWS
    assert f"piece-{MOST_ROWS + 1}." in piece
    assert "Within all" in client.get(address(job, "steps"), following).content.decode()


def test_steps_of_two_jobs_in_one_trace_stand_on_their_own_pages(client: Client, house: House) -> None:
    spans = [make_span(1, 1, name="batch")]
    for n in (2, 4):
        spans.append(make_span(1, n, parent=1, name=f"job {n}", attributes={**asked("x"), "teachback.job.id": f"j{n}"}))
        spans.append(make_span(1, n + 1, parent=n, name=f"part of {n}"))
    take(house, spans)
    client.force_login(house.bob)
    pages = {
        job.external_id: client.get(address(job)).content.decode()
        for job in Job.objects.filter(workflow=house.workflow)
    }
    assert "part of 2" in pages["j2"]
    assert "part of 4" not in pages["j2"]
    assert "part of 4" in pages["j4"]


def test_steps_of_jobs_done_here_stand_in_the_same_timeline(client: Client, house: House) -> None:
    steps = (
        StepResult(name="read", kind=StepKind.OTHER, duration_ms=30.0),
        StepResult(name="fill in", kind=StepKind.MODEL, duration_ms=70.0, status="stuck", detail="Two queues fit."),
    )
    result = AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason="Not sure.", steps=steps)
    arrival = Arrival(external_id="one", input={"text": "Hello"}, at=MORNING)
    live = get_live_state(house.workflow)
    job = record_ended_jobs(SYSTEM, house.workflow, live, [arrival], [result], source=JobSource.AGENT)[0]
    client.force_login(house.bob)
    page = client.get(address(job)).content.decode()
    for shown in ("fill in", "Two queues fit.", "Stuck here", 'x="300.0" width="700.0"'):
        assert shown in page
    step = client.get(address(job, "steps", span_id(2))).content.decode()
    assert "records that the step was done, not what it was given" in step


def test_a_job_without_steps_says_so(client: Client, house: House) -> None:
    job = record_jobs(house.workflow, [{"queue": "billing"}])[0]
    client.force_login(house.bob)
    assert "This agent records no steps." in client.get(address(job)).content.decode()


def test_a_step_whose_request_is_gone_says_so(client: Client, house: House) -> None:
    job = take(house, sample_trace())
    TraceRequest.objects.all().delete()
    client.force_login(house.bob)
    assert "is not kept any more" in client.get(address(job, "steps", span_id(2))).content.decode()


@pytest.mark.parametrize("parts", [("steps", "nowhere"), ("steps?within=nowhere",)])
def test_a_step_that_is_not_there_is_not_found(client: Client, house: House, parts: tuple[str, ...]) -> None:
    job = take(house, sample_trace())
    client.force_login(house.bob)
    assert client.get(address(job, *parts)).status_code == 404


def test_a_stranger_reads_no_step(client: Client, house: House) -> None:
    job = take(house, sample_trace())
    client.force_login(house.charlie)
    assert client.get(address(job, "steps", span_id(2))).status_code == 404
    assert client.get(address(job, "steps")).status_code == 404


def test_the_desk_shows_the_steps_that_tell_most_and_where_the_others_are(client: Client, house: House) -> None:
    spans = [make_span(1, 1, name="all", seconds=1000, attributes=asked("Sort these."))]
    spans += [make_span(1, n, parent=1, name=f"piece-{n}.", start_seconds=n) for n in range(2, 102)]
    job = take(house, spans)
    client.force_login(house.bob)
    desk = client.get(f"/workflows/support-inbox/review/{job.number}").content.decode()
    assert desk.count('name="stuck_step"') == MOST_TELLING_STEPS + 1
    assert f"{101 - MOST_TELLING_STEPS} more steps stand on" in desk
