"""`POST /v1/traces`: takes OTLP over HTTP, keeps it, and answers with the status that tells the sender what to do.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import json
import logging
import math
import shutil
import threading
import time
from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from teachback_server.jobs.intake.inbox import is_inbox_full, keep_request
from teachback_server.jobs.intake.rate_limit import RateLimit
from teachback_server.jobs.otlp.body import MOST_SENT_BYTES, BodyTooLarge, BodyUnreadable, unpack_body
from teachback_server.jobs.otlp.request import RequestRefused, TakenRequest, take_request
from teachback_server.people.page_access import Declared
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import find_sent_key
from teachback_server.workflows.models import ApiKey

SCOPES = (Scope.TRACES, Scope.JOBS)
JSON, PROTOBUF = "application/json", "application/x-protobuf"
MOST_SPANS_PER_SECOND = 20_000  # of one key, over a longer while
_MOST_READ_AT_ONCE = 2  # a request unpacked takes many times its size, and only one can be written at a time
_FEWEST_FREE_BYTES = 200 * 1024 * 1024
_LOOKS_EVERY_SECONDS = 2.0
_BUSY_SECONDS = 5
_FULL_SECONDS = 30
_BURST_SECONDS = 20
_MOST_REASONS = 3
_log = logging.getLogger(__name__)


class TracesEndpoint:
    """The view; one for each process, as it remembers how fast each key sends and whether there is room."""

    def __init__(self) -> None:
        self._limit = RateLimit(MOST_SPANS_PER_SECOND, MOST_SPANS_PER_SECOND * _BURST_SECONDS)
        self._places = threading.BoundedSemaphore(_MOST_READ_AT_ONCE)
        self._looked_at = -math.inf
        self._has_room = True

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one export request."""
        is_json = request.headers.get("Content-Type", "").split(";")[0].strip().lower() == JSON
        if request.method != "POST":
            answer = _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "Send spans here with POST.", is_json)
            answer["Allow"] = "POST"
            return answer
        try:
            return self._take(request, is_json)
        except BodyTooLarge as problem:
            return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(problem), is_json)
        except (BodyUnreadable, RequestRefused) as problem:
            return _refuse(HTTPStatus.BAD_REQUEST, str(problem), is_json)
        except DatabaseError:
            _log.exception("A request with traces could not be kept; its sender was asked to send it again.")
            return _put_off("The database is busy. Send it again.", _BUSY_SECONDS, is_json)

    def _take(self, request: HttpRequest, is_json: bool) -> HttpResponse:
        key = _find_key(request)
        if key is None:
            return _refuse(HTTPStatus.UNAUTHORIZED, _KEY_MISSING, is_json)
        kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind not in (JSON, PROTOBUF):
            return _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send {PROTOBUF} or {JSON}, as Content-Type.", is_json)
        body = unpack_body(_read_body(request), request.headers.get("Content-Encoding", ""))
        if not self._is_there_room():
            return _put_off("There is no room for more just now. Send it again later.", _FULL_SECONDS, is_json)
        with self._places:
            return self._read_and_keep(body, key, is_json)

    def _read_and_keep(self, body: bytes, key: ApiKey, is_json: bool) -> HttpResponse:
        taken = take_request(body, is_json=is_json)
        wait_seconds = self._limit.take(key.key_hash, taken.spans)
        if wait_seconds:
            answer = _put_off("This key sends too fast. Send it again later.", wait_seconds, is_json)
            answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
            return answer
        if taken.spans or taken.refused:
            keep_request(key.workflow_id or 0, key.prefix, body, taken)
        return _accept(taken, is_json)

    def _is_there_room(self) -> bool:
        if time.monotonic() - self._looked_at > _LOOKS_EVERY_SECONDS:
            self._looked_at = time.monotonic()
            self._has_room = shutil.disk_usage(settings.HOME).free > _FEWEST_FREE_BYTES and not is_inbox_full()
        return self._has_room


_KEY_MISSING = (
    "This needs a key with the scope traces or jobs, as 'Authorization: Bearer KEY'. An owner makes one on the "
    "workflow's Settings page."
)


def make_endpoint() -> Declared:
    """The view for the list of addresses."""
    view = cast(Declared, csrf_exempt(TracesEndpoint()))
    view.declared_rule = f"key {' or '.join(scope.value for scope in SCOPES)}"
    view.declared_methods = ("POST",)
    return view


def _find_key(request: HttpRequest) -> ApiKey | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return find_sent_key(token.strip(), SCOPES) if kind.lower() == "bearer" and token.strip() else None


def _read_body(request: HttpRequest) -> bytes:
    """The body as it was sent; one byte over the limit is enough to see that it is too large."""
    if request.headers.get("Content-Length"):
        return request.read(MOST_SENT_BYTES + 1)
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower() and isinstance(request, WSGIRequest):
        # Django reads as many bytes as Content-Length says, and here nothing does.
        return bytes(request.environ["wsgi.input"].read(MOST_SENT_BYTES + 1))
    return b""


def _accept(taken: TakenRequest, is_json: bool) -> HttpResponse:
    answer = ExportTraceServiceResponse()
    if taken.refused:
        reasons = list(dict.fromkeys(span.reason for span in taken.refused))
        more = f" and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
        answer.partial_success.rejected_spans = len(taken.refused)
        answer.partial_success.error_message = "; ".join(reasons[:_MOST_REASONS])[:1000] + more
    if not is_json:
        return HttpResponse(answer.SerializeToString(), content_type=PROTOBUF)
    partial = answer.partial_success
    said = {"rejectedSpans": str(partial.rejected_spans), "errorMessage": partial.error_message}
    return HttpResponse(json.dumps({"partialSuccess": said} if taken.refused else {}), content_type=JSON)


def _put_off(message: str, seconds: float, is_json: bool) -> HttpResponse:
    answer = _refuse(HTTPStatus.SERVICE_UNAVAILABLE, message, is_json)
    answer["Retry-After"] = str(max(1, math.ceil(seconds)))
    return answer


def _refuse(status: HTTPStatus, message: str, is_json: bool) -> HttpResponse:
    """A refusal as google.rpc.Status, whose second field is the message, in the form that the request had."""
    text = message.encode()[:2000]
    if is_json:
        return HttpResponse(json.dumps({"message": message[:2000]}), status=status, content_type=JSON)
    return HttpResponse(b"\x12" + _varint(len(text)) + text, status=status, content_type=PROTOBUF)


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
