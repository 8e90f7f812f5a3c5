"""Which workflows the worker should let learn now."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loops import Loop, answer_from_examples, make_loop
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.improvements.tasks import list_workflows_to_advance

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(answer_from_examples)


def test_a_workflow_is_due_when_people_decided_something_that_was_not_read_yet(loop: Loop) -> None:
    jobs = loop.do_jobs(3)
    assert list_workflows_to_advance() == []
    loop.decide(jobs[:1])
    assert list_workflows_to_advance() == [loop.workflow.pk]
    take_in_reviews(loop.workflow)
    assert list_workflows_to_advance() == []
    loop.decide(jobs[1:])
    assert list_workflows_to_advance() == [loop.workflow.pk]


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="This reads how SQLite plans; PostgreSQL plans by its tables."
)
def test_asking_reads_the_newest_review_of_each_workflow_and_not_all(loop: Loop) -> None:
    with CaptureQueriesContext(connection) as queries:
        list_workflows_to_advance()
    (sql,) = (query["sql"] for query in queries if '"review"' in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "SEARCH U0 USING COVERING INDEX" in plan
    assert "TEMP B-TREE" not in plan
