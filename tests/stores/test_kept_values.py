"""PostgreSQL gives back what it was given, as SQLite does. `test_other_databases.py` runs these on PostgreSQL too."""

import pytest
from django.db import IntegrityError, connection, transaction

from builders import House, make_house, record_jobs
from teachback.json_types import Json
from teachback_server.jobs.models import Job
from teachback_server.people.models import AuditEvent

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def house(db: None) -> House:
    """Alice, Bob and Charlie with their two workflows."""
    return make_house()


@pytest.mark.parametrize(
    "value",
    [
        {"zoe": 1, "adam": {"b": 2, "a": 3}},
        {"whole": 1.0, "long": 12345678901234567890, "small": 1e-300, "exact": 0.1},
        {"nul": "a\x00b", "half": "\ud83d", "letters": "Größe 私 😀", "slash": "\\u0041"},
        {"deep": [[[{"list": [None, True, ""]}]]]},
    ],
)
def test_json_comes_back_as_it_was_with_its_keys_in_their_order(house: House, value: dict[str, Json]) -> None:
    (job,) = record_jobs(house.workflow, [{"queue": "billing"}])
    Job.objects.filter(pk=job.pk).update(input=value)
    job.refresh_from_db()
    assert repr(job.input) == repr(value)


def test_long_texts_and_large_counts_are_no_trouble(house: House) -> None:
    (job,) = record_jobs(house.workflow, [{"queue": "billing"}])
    Job.objects.filter(pk=job.pk).update(hand_back_reason="x" * 5000, tokens=2**40)
    job.refresh_from_db()
    assert (len(job.hand_back_reason), job.tokens) == (5000, 2**40)


def test_a_text_with_nul_is_kept_as_far_as_it_can_be(house: House) -> None:
    (job,) = record_jobs(house.workflow, [{"queue": "billing"}])
    Job.objects.filter(pk=job.pk).update(hand_back_reason="a\x00b")
    job.refresh_from_db()
    assert job.hand_back_reason == ("a\ufffdb" if connection.vendor == "postgresql" else "a\x00b")


@pytest.mark.parametrize("act", ["UPDATE audit_event SET subject = 'another'", "DELETE FROM audit_event"])
def test_history_cannot_be_rewritten(house: House, act: str) -> None:
    assert AuditEvent.objects.exists()
    with (
        pytest.raises(IntegrityError, match="audit_event is history: rows are only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(act)
