"""Every request that real instrumentations sent is taken whole, digested, and digested again to the same rows."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone

from absent import skip_or_fail
from builders import House
from captured_spans.reading import find_archive, list_requests
from teachback_server.jobs.intake.digest import ROOT_COMES_WITHIN, Digester, digest_again
from teachback_server.jobs.intake.inbox import keep_request
from teachback_server.jobs.models import Job, QuarantinedSpan, Step, TraceRequest
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.otlp.request import take_request

pytestmark = [pytest.mark.data, pytest.mark.django_db(databases=["default", "traces"])]


@pytest.fixture(scope="module")
def requests() -> Sequence[tuple[str, bytes, bool]]:
    """The name of each request, its body, and whether it is JSON."""
    try:
        archive = find_archive()
    except FileNotFoundError as problem:
        skip_or_fail("data", str(problem))
    return [(f"{path.parent.name}/{path.name}", body, path.suffix == ".json") for path, body in list_requests(archive)]


def digest() -> None:
    """Digest all that waits, and make jobs of what has no root, too."""
    digester = Digester(open_trace_store())
    while digester.digest_some():
        pass
    while digester.take_rootless(timezone.now() + 2 * ROOT_COMES_WITHIN):
        pass


def snapshot() -> list[list[tuple[Any, ...]]]:
    """The rows of jobs and steps."""
    return [
        list(Job.objects.order_by("workflow_id", "external_id").values_list()),
        list(Step.objects.order_by("pk").values_list()),
    ]


def test_every_request_is_digested_and_digested_again_to_the_same_rows(
    house: House, requests: Sequence[tuple[str, bytes, bool]]
) -> None:
    for name, body, is_json in requests:
        taken = take_request(body, is_json=is_json)
        assert (name, list(taken.refused)) == (name, [])
        keep_request(house.workflow.pk, "tb_test", body, taken)
    digest()
    before = snapshot()
    assert len(before[0]) > len(requests) / 2
    assert len(before[1]) > len(requests)
    assert list(QuarantinedSpan.objects.values_list("name", "reason")) == []
    digest_again(TraceRequest.objects.values_list("pk", flat=True))
    digest()
    assert snapshot() == before
