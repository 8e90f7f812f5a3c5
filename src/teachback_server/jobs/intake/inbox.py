"""Keeps export requests: what was acknowledged is in the database, whatever happens to the process after."""

from datetime import datetime, timedelta

import zstandard
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from teachback_server.jobs.intake.storable_text import without_nul
from teachback_server.jobs.intake.tallies import Tallies, TallyKey, TallyKind, add_tallies
from teachback_server.jobs.models import QuarantinedSpan, TraceRequest
from teachback_server.jobs.otlp.request import TakenRequest
from teachback_server.jobs.trace_store import TRACES

MOST_REQUESTS_WAITING = 20_000  # undigested; more would only hide that nothing digests
_LEVEL = 1  # of compression: higher ones cost more than the disk that they save


def keep_request(workflow_id: int, key_prefix: str, body: bytes, taken: TakenRequest) -> int:
    """Commit one request with its refused spans; returns its id. From then on nothing of it can be lost."""
    kept = taken.message.SerializeToString() if taken.is_changed else body
    now = timezone.now()
    tallies = Tallies(
        {
            TallyKey(workflow_id=workflow_id, kind=TallyKind.REQUESTS): 1,
            TallyKey(workflow_id=workflow_id, kind=TallyKind.SPANS): taken.spans,
            TallyKey(workflow_id=workflow_id, kind=TallyKind.CUT): taken.cut,
        }
    )
    for span in taken.refused:
        tallies[TallyKey(workflow_id=workflow_id, kind=TallyKind.REFUSED, name=span.reason)] += 1
    with transaction.atomic(using=TRACES):
        request = TraceRequest.objects.create(
            workflow_id=workflow_id,
            key_prefix=key_prefix,
            received_at=now,
            body=zstandard.ZstdCompressor(level=_LEVEL).compress(kept),
            spans=taken.spans,
            refused=len(taken.refused),
            cut=taken.cut,
            # With nothing to digest it is digested.
            digested_at=None if taken.spans else now,
        )
        QuarantinedSpan.objects.bulk_create(
            QuarantinedSpan(
                request_id=request.pk,
                position=taken.spans + position,
                workflow_id=workflow_id,
                at=now,
                name=without_nul(span.name)[:200],
                reason=without_nul(span.reason)[:500],
                sample=without_nul(span.sample),
            )
            for position, span in enumerate(taken.refused)
        )
        add_tallies(tallies, now)
    return request.pk


def read_message(body: bytes | memoryview) -> ExportTraceServiceRequest:
    """The request that a row keeps."""
    message = ExportTraceServiceRequest()
    message.ParseFromString(zstandard.ZstdDecompressor().decompress(bytes(body)))
    return message


def is_inbox_full() -> bool:
    """Whether so much waits to be digested that senders had better hold theirs for a while."""
    ends = TraceRequest.objects.filter(digested_at=None).aggregate(first=Min("pk"), last=Max("pk"))
    return ends["first"] is not None and ends["last"] - ends["first"] > MOST_REQUESTS_WAITING


def find_lag(now: datetime) -> timedelta:
    """The age of the oldest request that is not digested yet."""
    oldest = TraceRequest.objects.filter(digested_at=None).order_by("pk").values_list("received_at", flat=True).first()
    return timedelta(0) if oldest is None else max(timedelta(0), now - oldest)
