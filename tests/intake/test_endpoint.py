"""`POST /v1/traces` answers with the status that tells the sender what to do, and keeps what it acknowledges."""

import gzip
import json

import pytest
from django.db.utils import OperationalError
from django.http import HttpResponse
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from builders import House, make_person
from builders import actor as actor_of
from otlp_requests import asked, make_request, make_span
from teachback_server.jobs.intake import endpoint
from teachback_server.jobs.intake.endpoint import TracesEndpoint
from teachback_server.jobs.intake.inbox import read_message
from teachback_server.jobs.intake.rate_limit import RateLimit
from teachback_server.jobs.models import IntakeTally, QuarantinedSpan, TraceRequest
from teachback_server.jobs.otlp import body as bodies
from teachback_server.people.actor import PermissionMissing
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import hash_key, make_key, make_key_for_traces, revoke_key
from teachback_server.workflows.models import ApiKey

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

BODY = make_request([make_span(1, 1, attributes=asked("Where is it?"))]).SerializeToString()


@pytest.fixture
def key(house: House) -> str:
    return make_key(house.owner, house.workflow, Scope.TRACES)


def post(body: bytes, key: str | None, *, kind: str = "application/x-protobuf", **headers: str) -> HttpResponse:
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post("/v1/traces", body, content_type=kind, headers=named)  # type: ignore[return-value]


def message_of(answer: HttpResponse) -> str:
    """The message of a google.rpc.Status, which is its only field here."""
    assert answer.content[:1] == b"\x12"
    return answer.content[2 if answer.content[1] < 128 else 3 :].decode()


def test_what_was_acknowledged_is_in_the_inbox(key: str, house: House) -> None:
    answer = post(BODY, key)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "application/x-protobuf", b"")
    kept = TraceRequest.objects.get()
    assert (kept.workflow_id, kept.spans, kept.refused, kept.digested_at) == (house.workflow.pk, 1, 0, None)
    assert read_message(kept.body).SerializeToString() == BODY


def test_a_gzip_body_is_taken(key: str) -> None:
    assert post(gzip.compress(BODY), key, Content_Encoding="gzip").status_code == 200
    assert TraceRequest.objects.get().spans == 1


def test_json_is_answered_in_json(key: str) -> None:
    span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "ask"}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span, {**span, "spanId": "x"}]}]}]}
    answer = post(json.dumps(document).encode(), key, kind="application/json; charset=utf-8")
    assert answer.status_code == 200
    partial = json.loads(answer.content)["partialSuccess"]
    assert partial["rejectedSpans"] == "1"
    assert "hexadecimal" in partial["errorMessage"]


def test_bad_spans_are_counted_kept_apart_and_said_to_the_sender(key: str) -> None:
    bad = make_span(1, 2, name="bad")
    bad.trace_id = b"short"
    answer = post(make_request([make_span(1, 1), bad]).SerializeToString(), key)
    said = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, said.rejected_spans) == (200, 1)
    assert "16 bytes" in said.error_message
    assert TraceRequest.objects.get().refused == 1
    apart = QuarantinedSpan.objects.get()
    assert (apart.name, "16 bytes" in apart.reason, "short" in apart.sample) == ("bad", True, True)
    assert IntakeTally.objects.get(kind="refused").count == 1


def test_a_request_without_spans_is_fine_and_leaves_nothing(key: str) -> None:
    assert post(b"\x0a\x00", key).status_code == 200
    assert not TraceRequest.objects.exists()


def test_whoever_has_no_good_key_is_told_so(house: House) -> None:
    revoked = make_key(house.owner, house.workflow, Scope.TRACES)
    revoke_key(house.owner, ApiKey.objects.get(key_hash=hash_key(revoked)))
    for wrong in (None, "tb_made-up", "", revoked, make_key(house.owner, house.workflow, Scope.READ)):
        answer = post(BODY, wrong)
        assert answer.status_code == 401
        assert "scope traces or jobs" in message_of(answer)
    assert not TraceRequest.objects.exists()


def test_a_key_for_jobs_sends_traces_too(house: House) -> None:
    assert post(BODY, make_key(house.owner, house.workflow, Scope.JOBS)).status_code == 200


def test_only_an_administrator_makes_a_key_for_the_traces_of_all_workflows(house: House) -> None:
    with pytest.raises(PermissionMissing):
        make_key_for_traces(house.owner)
    key = make_key_for_traces(actor_of(make_person("dana", is_administrator=True)))
    assert post(BODY, key).status_code == 200
    assert TraceRequest.objects.get().workflow_id == 0


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "status", "why"),
    [
        (b"\xff\xff", "application/x-protobuf", "", 400, "no OTLP request"),
        (b"no gzip", "application/x-protobuf", "gzip", 400, "not gzip"),
        (BODY, "application/x-protobuf", "br", 400, "Use gzip or none"),
        (BODY, "text/plain", "", 415, "application/x-protobuf or application/json"),
    ],
)
def test_what_can_never_be_taken_is_refused_for_good(
    body: bytes, kind: str, encoding: str, status: int, why: str, key: str
) -> None:
    answer = post(body, key, kind=kind, Content_Encoding=encoding)
    assert answer.status_code == status
    assert why in message_of(answer)
    assert not answer.has_header("Retry-After")


def test_other_methods_are_told_which_one_to_use(key: str) -> None:
    answer = Client().get("/v1/traces", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_body_that_is_too_large_is_refused_for_good(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES", 1000)
    answer = post(gzip.compress(bytes(5000)), key, Content_Encoding="gzip")
    assert (answer.status_code, answer.has_header("Retry-After")) == (413, False)


def test_a_busy_database_asks_for_the_request_again(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(endpoint, "keep_request", fail)
    answer = post(BODY, key)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_full_inbox_asks_for_the_request_later(
    key: str, monkeypatch: pytest.MonkeyPatch, rf: "pytest.FixtureRequest"
) -> None:
    monkeypatch.setattr(endpoint, "is_inbox_full", lambda: True)
    request = rf.post(  # type: ignore[attr-defined]
        "/v1/traces", BODY, content_type="application/x-protobuf", headers={"Authorization": f"Bearer {key}"}
    )
    answer = TracesEndpoint()(request)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert not TraceRequest.objects.exists()


def test_a_key_that_sends_too_fast_is_told_when_to_come_again() -> None:
    now = [0.0]
    limit = RateLimit(per_second=10, burst=20, clock=lambda: now[0])
    assert limit.take("one", 20) == 0
    assert limit.take("one", 5) == pytest.approx(0.5)
    assert limit.take("another", 5) == 0
    now[0] = 0.5
    assert limit.take("one", 5) == 0


def test_a_request_larger_than_the_limit_passes_once_and_is_paid_for_after() -> None:
    now = [0.0]
    limit = RateLimit(per_second=10, burst=20, clock=lambda: now[0])
    assert limit.take("one", 50) == 0
    assert limit.take("one", 1) == pytest.approx(3.1)


def test_too_many_spans_of_one_key_are_answered_with_429(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint.RateLimit, "take", lambda *given: 2.4)
    answer = post(BODY, key)
    assert (answer.status_code, answer["Retry-After"]) == (429, "3")
    assert not TraceRequest.objects.exists()
