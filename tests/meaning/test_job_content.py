"""Shows what a trace says about its job: input and output as objects, how it ended, and what belongs to it."""

import json
from collections.abc import Mapping

import pytest

from span_samples import make_event, make_span
from teachback.json_types import Json
from teachback.vocabulary import JobStatus, RoutingKind
from teachback_server.jobs.meaning import names_of_workflow, read_job
from teachback_server.jobs.meaning.what_spans_say import JobRouting

_CHAT = {"gen_ai.operation.name": "chat"}
_USER = {"role": "user", "content": "Two at nine?"}

SHAPES: Mapping[str, tuple[Json, Json]] = {
    "an object": ('{"people": 2}', {"people": 2}),
    "a text": ("Two at nine?", {"text": "Two at nine?"}),
    "a text in quotes": ('"Two at nine?"', {"text": "Two at nine?"}),
    "a text that only begins like JSON": ("{two at nine}", {"text": "{two at nine}"}),
    "a list": ("[1, 2]", {"items": [1, 2]}),
    "a number": (7, {"value": 7}),
    "one user's message": (json.dumps([{"role": "system", "content": "Be brief."}, _USER]), {"text": "Two at nine?"}),
    "a request to a model": (json.dumps({"messages": [_USER], "model": "small"}), {"text": "Two at nine?"}),
    "a state that has messages": (
        json.dumps({"messages": [_USER], "table": 7}),
        {"messages": [{"role": "user", "content": "Two at nine?"}], "table": 7},
    ),
    "an object that looks like a message and is more": (
        json.dumps({"role": "user", "content": "CV", "priority": 3}),
        {"role": "user", "content": "CV", "priority": 3},
    ),
    "an object whose role is of another world": (
        json.dumps({"role": "engineer", "content": "CV"}),
        {"role": "engineer", "content": "CV"},
    ),
    "one message": (json.dumps({"role": "assistant", "content": "Booked."}), {"text": "Booked."}),
    "a conversation": (
        json.dumps([_USER, {"role": "assistant", "content": "Outside?"}, {"role": "user", "content": "Yes."}]),
        {
            "messages": [
                {"role": "user", "text": "Two at nine?"},
                {"role": "assistant", "text": "Outside?"},
                {"role": "user", "text": "Yes."},
            ]
        },
    ),
    "LangChain's envelope": (
        json.dumps({"inputs": {"people": 2}, "tags": [], "metadata": {}, "kwargs": {"name": "desk"}}),
        {"people": 2},
    ),
    "a decorator's envelope": (json.dumps({"args": [], "kwargs": {"people": 2}}), {"people": 2}),
    "a decorator's envelope with one argument": (json.dumps({"args": ["two"], "kwargs": {}}), {"text": "two"}),
    "what Google's agents are given": (
        json.dumps({"user_id": "u", "session_id": "s", "new_message": {"role": "user", "parts": [{"text": "Two?"}]}}),
        {"text": "Two?"},
    ),
    "what Google's agents give back": (
        json.dumps({"content": {"role": "model", "parts": [{"text": "Booked."}]}, "finish_reason": "STOP"}),
        {"text": "Booked."},
    ),
    "an object whose content is one of many fields": (
        json.dumps({"content": {"people": 2}, "status": "open"}),
        {"content": {"people": 2}, "status": "open"},
    ),
    "a call without arguments": (json.dumps({"args": [], "kwargs": {}}), {"args": [], "kwargs": {}}),
    "nothing": ("{}", None),
}


@pytest.mark.parametrize("sent, expected", SHAPES.values(), ids=SHAPES.keys())
def test_input_has_a_stable_form_whatever_was_sent(sent: Json, expected: Json) -> None:
    job = make_span({"openinference.span.kind": "CHAIN", "input.value": sent})
    assert read_job(job, [job]).input == expected


def test_output_of_a_model_is_its_answer_as_an_object_where_it_is_one() -> None:
    def answer(text: str, calls: list[Json] | None = None) -> Json:
        message = {"role": "assistant", "content": text, "tool_calls": calls}
        job = make_span({**_CHAT, "gen_ai.output.messages": json.dumps([message])})
        return read_job(job, [job]).output

    assert answer("Booked.") == {"text": "Booked."}
    assert answer('{"table": 7}') == {"table": 7}
    assert answer("") == {"text": ""}
    call: Json = {"id": "c1", "function": {"name": "find_table", "arguments": '{"people": 2}'}}
    assert answer("", [call]) == {"tool_calls": [{"name": "find_table", "arguments": {"people": 2}}]}


def test_a_call_without_arguments_takes_the_input_of_the_first_step_below_it() -> None:
    job = make_span({"traceloop.span.kind": "workflow", "traceloop.entity.input": '{"args": [], "kwargs": {}}'})
    step = make_span({**_CHAT, "gen_ai.input.messages": json.dumps([_USER])}, number=2, parent=1)
    assert read_job(job, [job, step]).input == {"text": "Two at nine?"}


def test_the_input_of_an_agent_ends_with_the_last_word_of_a_user_and_of_a_model_with_the_last_message() -> None:
    used: Json = [{"type": "tool_call", "id": "c1", "name": "find_table", "arguments": {"people": 2}}]
    found: Json = [{"type": "tool_call_response", "id": "c1", "result": "table 7"}]
    conversation: list[Json] = [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Two at nine?"}]},
        {"role": "assistant", "parts": used},
        {"role": "user", "parts": found},
    ]
    final: Json = {"role": "assistant", "parts": [{"type": "text", "content": "Booked."}]}
    run = {"gen_ai.operation.name": "invoke_agent", "pydantic_ai.all_messages": json.dumps([*conversation, final])}
    agent, model = make_span(run), make_span({**_CHAT, "gen_ai.input.messages": json.dumps(conversation)})
    assert read_job(agent, [agent]).input == {"text": "Two at nine?"}
    assert read_job(agent, [agent]).output == {"text": "Booked."}
    asked = read_job(model, [model]).input
    assert asked is not None
    assert [message["role"] for message in asked["messages"]] == ["system", "user", "assistant", "tool"]


def test_what_a_tool_gave_back_is_not_the_output_of_a_job_that_failed() -> None:
    tool = make_span({"gen_ai.tool.name": "find_table", "gen_ai.tool.call.result": "table 7"}, number=2, parent=1)
    job, failed = make_span({}), make_span({}, is_error=True)
    assert read_job(job, [job, tool]).output == {"text": "table 7"}
    assert read_job(failed, [failed, tool]).output is None


def test_a_web_request_around_the_work_takes_the_input_of_the_work_and_not_its_own_headers() -> None:
    web = {
        "http.request.method": "POST",
        "http.request.header.accept": ["application/json"],
        "url.query": "page=2",
        "rpc.request.metadata.caller": ["desk"],
        "db.query.text": "SELECT 1",
    }
    job = make_span(web, name="POST /ask")
    answered: Json = {"role": "assistant", "content": "Booked."}
    call = {**_CHAT, "gen_ai.input.messages": json.dumps([_USER]), "gen_ai.output.messages": json.dumps([answered])}
    content = read_job(job, [job, make_span(call, number=2, parent=1)])
    assert (content.input, content.output) == ({"text": "Two at nine?"}, {"text": "Booked."})
    recorded = make_span({"http.request.body": '{"people": 2}', "http.response.body": '{"table": 7}'})
    content = read_job(recorded, [recorded])
    assert (content.input, content.output) == ({"people": 2}, {"table": 7})


def test_one_message_by_itself_goes_the_way_that_its_role_says() -> None:
    asked = make_span({"openinference.span.kind": "LLM", "message.role": "user", "message.content": "Two at nine?"})
    answered = make_span({"openinference.span.kind": "LLM", "message.role": "assistant", "message.content": "Booked."})
    assert (read_job(asked, [asked]).input, read_job(asked, [asked]).output) == ({"text": "Two at nine?"}, None)
    assert (read_job(answered, [answered]).input, read_job(answered, [answered]).output) == (None, {"text": "Booked."})


def test_what_a_vector_store_found_is_the_output_and_how_much_was_wanted_is_not() -> None:
    found = [
        make_event("db.query.result", {"db.query.result.id": "t7", "db.query.result.document": "Table 7, window"}),
        make_event("db.query.result", {"db.query.result.id": "t9", "db.query.result.distance": 0.5}),
    ]
    job = make_span({"db.operation": "query", "db.chroma.query.n_results": 2, "db.vector.query.top_k": 2}, events=found)
    content = read_job(job, [job])
    assert content.input is None
    assert content.output == {"items": [{"id": "t7", "document": "Table 7, window"}, {"id": "t9", "distance": 0.5}]}


@pytest.mark.parametrize("limit", ["acme.n_results", "acme.query.top_k", "acme.max_output"])
def test_a_number_that_counts_or_limits_is_no_work(limit: str) -> None:
    job = make_span({limit: 3})
    assert (read_job(job, [job]).input, read_job(job, [job]).output) == (None, None)


def test_a_number_that_is_a_result_is_the_output() -> None:
    job = make_span({"acme.result": 42})
    assert read_job(job, [job]).output == {"value": 42}


def test_our_own_attributes_count_more_than_any_other() -> None:
    job = make_span(
        {
            "teachback.job.id": "booking-1",
            "teachback.input": '{"people": 2}',
            "teachback.output": '{"table": 7}',
            "teachback.confidence": 0.75,
            "teachback.release": "abc",
            "teachback.routing": "audit",
            "teachback.routing.reason": "a random look",
            "teachback.review_probability": 0.1,
            "teachback.provenance": '{"table": {"document": "plan.pdf", "page": 2}}',
            "input.value": "other",
            "output.value": "other",
            "session.id": "guest-9",
        }
    )
    content = read_job(job, [job])
    assert (content.external_id, content.input, content.output) == ("booking-1", {"people": 2}, {"table": 7})
    assert (content.confidence, content.release, content.session) == (0.75, "abc", "guest-9")
    assert content.routing == JobRouting(kind=RoutingKind.AUDIT, reason="a random look", probability=0.1)
    assert content.provenance == {"table": {"document": "plan.pdf", "page": 2}}
    assert content.status is JobStatus.FINISHED


@pytest.mark.parametrize("attributes", [{"teachback.routing": "auto"}, {"teachback.review_probability": 0.5}])
def test_a_routing_without_its_probability_or_a_kind_is_none(attributes: Mapping[str, Json]) -> None:
    job = make_span(attributes)
    assert read_job(job, [job]).routing is None


@pytest.mark.parametrize("confidence", [1.5, -0.1, float("nan"), "sure", True, [0.5]])
def test_a_confidence_that_is_no_share_is_none(confidence: Json) -> None:
    job = make_span({"teachback.confidence": confidence})
    assert read_job(job, [job]).confidence is None


def test_a_job_ends_as_it_says_else_as_its_span_does() -> None:
    def status(attributes: Mapping[str, Json], *, is_error: bool = False, takes: float = 1) -> JobStatus:
        job = make_span(attributes, is_error=is_error, takes=takes)
        return read_job(job, [job]).status

    assert status({}) is JobStatus.FINISHED
    assert status({}, is_error=True) is JobStatus.FAILED
    assert status({}, takes=0) is JobStatus.RUNNING
    assert status({"teachback.hand_back.reason": "no plan of the tables"}) is JobStatus.HANDED_BACK
    assert status({"teachback.status": "handed_back"}, is_error=True) is JobStatus.HANDED_BACK
    assert status({"gen_ai.tool.name": "escalate_to_human"}) is JobStatus.FINISHED


def test_a_failed_job_says_why() -> None:
    job = make_span(is_error=True, status_message="no answer")
    assert read_job(job, [job]).error == "no answer"


def test_a_job_without_texts_of_its_own_has_those_of_the_steps_below_it() -> None:
    job = make_span(name="handle a call", number=1, takes=9)
    first = make_span(
        {"openinference.span.kind": "LLM", "input.value": "Two at nine?", "output.value": "Outside?"},
        number=3,
        parent=2,
        starts_after=2,
    )
    between = make_span(
        {"input.value": "not of a model", "output.value": "neither"}, number=2, parent=1, starts_after=1
    )
    last = make_span(
        {"openinference.span.kind": "AGENT", "input.value": "Yes.", "output.value": "Booked."},
        number=4,
        parent=1,
        starts_after=5,
    )
    elsewhere = make_span({**_CHAT, "gen_ai.prompt": "other", "gen_ai.completion": "other"}, number=9, parent=8)
    content = read_job(job, [last, elsewhere, between, job, first])
    assert (content.input, content.output) == ({"text": "Two at nine?"}, {"text": "Booked."})


def test_a_trace_that_carries_nothing_gives_none() -> None:
    job = make_span(name="POST")
    content = read_job(job, [job])
    assert (content.input, content.output, content.session, content.external_id) == (None, None, "", "")


def test_the_session_of_any_step_is_that_of_the_job() -> None:
    job = make_span(number=1)
    step = make_span({**_CHAT, "gen_ai.conversation.id": "guest-9"}, number=2, parent=1)
    assert read_job(job, [job, step]).session == "guest-9"


def test_steps_that_repeat_a_failed_one_are_counted() -> None:
    def call(number: int, starts_after: float, *, is_error: bool, tool: str = "find_table") -> object:
        return make_span(
            {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool},
            number=number,
            parent=1,
            starts_after=starts_after,
            is_error=is_error,
        )

    job = make_span(number=1, takes=9)
    failed, again, third = call(2, 0, is_error=True), call(3, 1, is_error=True), call(4, 2.5, is_error=False)
    beside = call(5, 0.5, is_error=False)  # began before the first had failed
    other = call(6, 4, is_error=False, tool="send_mail")
    unrelated = call(7, 5, is_error=False)  # the third had worked
    spans = [job, unrelated, other, beside, third, again, failed]
    assert read_job(job, spans).retries == 2  # type: ignore[arg-type]


def test_spans_in_a_circle_end_the_search() -> None:
    job, one, two = make_span(number=1, parent=3), make_span(number=2, parent=1), make_span(number=3, parent=2)
    assert read_job(job, [job, one, two]).input is None


def test_the_names_of_a_workflow_come_with_the_most_telling_first() -> None:
    span = make_span(
        {"agent.name": "b", "gen_ai.agent.name": "a", "gen_ai.workflow.name": " ", "teachback.workflow": "desk"},
        resource={"service.name": "restaurant"},
    )
    assert names_of_workflow(span) == (
        ("teachback.workflow", "desk"),
        ("gen_ai.agent.name", "a"),
        ("agent.name", "b"),
        ("service.name", "restaurant"),
    )


def test_what_no_database_can_store_does_not_come_through() -> None:
    deep: Json = "end"
    for _ in range(200):
        deep = [deep]
    job = make_span(
        {
            "teachback.input": '{"a": NaN, "b": 1e999, "c": "x\\u0000y", "d": "\\ud800"}',
            "teachback.output": {"deep": deep},
        }
    )
    content = read_job(job, [job])
    assert content.input == {"a": None, "b": None, "c": "xy", "d": "?"}
    assert json.dumps(content.output).count("[") < 64
