"""`teachback replay` runs an agent again on recorded jobs, and its tools never touch the world."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import teachback
from builders import House, make_house
from otlp_requests import Value, make_request, make_span
from teachback_server.jobs.intake.digest import Digester
from teachback_server.jobs.intake.inbox import keep_request
from teachback_server.jobs.models import Job
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import take_request

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
Run = Callable[..., Any]  # see conftest.run_command


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def record(
    house: House, trace: int, text: str, *, parcel: str, has_side_effects: bool = False, **changed: Value | None
) -> None:
    """A job whose agent looked a parcel up."""
    job: dict[str, Value] = {
        "teachback.job.id": f"job-{trace}",
        "teachback.input": json.dumps({"text": text}),
        "teachback.output": json.dumps({"queue": "delivery"}),
    }
    call: dict[str, Value] = {
        "teachback.step.kind": "tool",
        "teachback.tool.name": "find parcel",
        "teachback.tool.arguments": json.dumps({"number": parcel}),
        "teachback.tool.result": json.dumps({"state": "lost"}),
        "teachback.tool.has_side_effects": has_side_effects,
    }
    for name, value in changed.items():
        spelled = f"teachback.{name.replace('__', '.')}"
        call.pop(spelled, None)
        if value is not None:
            call[spelled] = value
    spans = [make_span(trace, 1, attributes=job), make_span(trace, 2, parent=1, name="find parcel", attributes=call)]
    body = make_request(spans).SerializeToString()
    keep_request(house.workflow.pk, "tb_test", body, take_request(body, is_json=False))
    Digester(open_trace_store()).digest_some()


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The module `sample_agent` with the function `triage`; the list says which tools really ran."""
    ran: list[str] = []
    module = ModuleType("sample_agent")

    @teachback.tool("find parcel")
    def find_parcel(number: str) -> dict[str, str]:
        ran.append(number)
        return {"state": "from the world"}

    def triage(given: dict[str, str]) -> dict[str, str]:
        state = find_parcel(given["text"].split()[-1])["state"]
        return {"queue": "returns" if state == "lost" else "delivery"}

    module.triage = triage  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sample_agent", module)
    return ran


def replay(run_command: Run, *more: str) -> Any:
    return run_command("replay", "sample_agent:triage", "--workflow", "support-inbox", *more)


def test_tools_answer_from_the_recording_and_never_run(run_command: Run, house: House, agent: list[str]) -> None:
    record(house, 1, "Where is A1", parcel="A1")
    ended = replay(run_command, "--json", "-")
    assert ended.code == 0, ended.err
    assert agent == []
    (told,) = json.loads(ended.out)
    assert (told["status"], told["output"], told["is_same"]) == ("done", {"queue": "returns"}, False)
    assert "1 ran to their end; 0 of them with the same output" in ended.err
    assert Job.objects.count() == 1, "a replay stores nothing"


def test_the_agent_may_lie_in_the_folder_where_the_command_is_given(
    run_command: Run, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent_in_this_folder.py").write_text("def triage(given):\n    return {'queue': 'delivery'}\n")
    monkeypatch.chdir(tmp_path)
    record(house, 1, "Where is A1", parcel="A1")
    ended = run_command("replay", "agent_in_this_folder:triage", "--workflow", "support-inbox")
    assert ended.code == 0, ended.err
    assert "1 ran to their end; 1 of them with the same output" in ended.err


@pytest.mark.parametrize(
    ("parcel", "has_side_effects", "why"), [("B7", False, "never recorded"), ("A1", True, "side effects")]
)
def test_what_the_recording_cannot_answer_stops_that_job_alone(
    run_command: Run, house: House, agent: list[str], parcel: str, has_side_effects: bool, why: str
) -> None:
    record(house, 1, "Where is A1", parcel=parcel, has_side_effects=has_side_effects)
    record(house, 2, "Where is A2", parcel="A2")
    ended = replay(run_command, "--json", "-")
    assert ended.code == 1
    assert agent == []
    assert [told["status"] for told in json.loads(ended.out)] == ["diverged", "done"]
    assert why in ended.err


def test_a_function_or_a_release_that_is_not_there_is_refused_in_words(
    run_command: Run, house: House, agent: list[str]
) -> None:
    assert "no job that an agent of yours did" in replay(run_command).err
    record(house, 1, "Where is A1", parcel="A1")
    assert "has no release 9" in replay(run_command, "--release", "9").err
    ended = run_command("replay", "sample_agent:nothing", "--workflow", "support-inbox")
    assert (ended.code, "has no function" in ended.err) == (1, True)


@pytest.mark.parametrize(("spelled", "result"), [("null", None), ("5", 5), ("true", True), ('"5"', "5")])
def test_a_tool_gives_to_the_letter_what_it_gave_then(
    run_command: Run, house: House, monkeypatch: pytest.MonkeyPatch, agent: list[str], spelled: str, result: object
) -> None:
    given: list[object] = []

    @teachback.tool("find parcel")
    def find_parcel(number: str) -> object:
        raise AssertionError(number)

    monkeypatch.setattr(sys.modules["sample_agent"], "triage", lambda _: given.append(find_parcel("A1")) or {})
    record(house, 1, "Where is A1", parcel="A1", tool__result=spelled)
    assert replay(run_command).code == 0
    assert given == [result]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"tool__result": None}, "its result was not recorded"),
        ({"tool__result": '{"state": "lo', "cut": "teachback.tool.result"}, "too long"),
        ({"tool__result": '{"state": "lo… [cut by Teachback: 9 more characters]'}, "not recorded whole"),
    ],
)
def test_a_result_that_the_recording_does_not_hold_whole_stops_the_job(
    run_command: Run, house: House, agent: list[str], changed: dict[str, Value | None], why: str
) -> None:
    record(house, 1, "Where is A1", parcel="A1", **changed)
    ended = replay(run_command)
    assert ended.code == 1
    assert "1 job diverged" in ended.err
    assert why in ended.err
