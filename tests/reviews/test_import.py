"""Bringing finished work into a workflow: what becomes of each row, and that giving the file again is safe."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from builders import House
from teachback_server.jobs.history_file import HistoryFileError
from teachback_server.jobs.history_row import ColumnMapping
from teachback_server.jobs.models import Job, Outcome
from teachback_server.people.actor import PermissionMissing
from teachback_server.reviews.import_actions import BATCH_ROWS, DONE_BY_A_PERSON, ImportRefused, import_history
from teachback_server.reviews.models import Review
from teachback_server.workflows.models import Reason

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"m{number}", "input": {"text": f"Message {number}"}, "output": {"queue": "billing"}, **more}


def write(folder: Path, rows: Sequence[Any], name: str = "history.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in rows))
    return path


def test_a_row_with_a_draft_becomes_a_job_that_its_draft_is_compared_with(house: House, tmp_path: Path) -> None:
    right = row(1, draft={"queue": "billing"}, confidence=0.8, reviewer="Dora", seconds=12, at="2026-01-05T10:00:00Z")
    wrong = row(2, draft={"queue": "returns"}, used=False)
    report = import_history(house.owner, house.workflow, write(tmp_path, [right, wrong]))
    assert (report.imported, report.with_drafts, report.refused, report.refused_path) == (2, 2, 0, None)
    first, second = Job.objects.order_by("number")
    assert (first.status, first.output, first.confidence, first.source) == (
        "finished", {"queue": "billing"}, 0.8, "import"
    )  # fmt: skip
    assert (first.routing, first.review_probability, first.is_waiting) == ("observed", 1.0, False)
    decided = Review.objects.order_by("id")
    assert [review.verdict for review in decided] == ["accepted", "corrected"]
    assert (decided[0].reviewer_name, decided[0].seconds, decided[0].reviewer) == ("Dora", 12.0, None)
    assert decided[0].decided_at.isoformat() == "2026-01-05T10:00:00+00:00"
    assert decided[1].output == {"queue": "billing"}
    assert [(c.field, c.reason_code) for c in decided[1].corrections.all()] == [("queue", "wrong_choice")]
    assert list(Outcome.objects.values_list("job", "is_used")) == [(second.pk, False)]


def test_a_row_that_only_a_person_did_teaches_as_a_job_that_was_handed_back(house: House, tmp_path: Path) -> None:
    report = import_history(house.owner, house.workflow, write(tmp_path, [row(1)]))
    assert (report.imported, report.with_drafts) == (1, 0)
    job = Job.objects.get()
    assert (job.status, job.output, job.hand_back_reason) == ("handed_back", None, DONE_BY_A_PERSON)
    review = Review.objects.get()
    assert (review.verdict, review.output, review.corrections.get().kind) == (
        "corrected", {"queue": "billing"}, "handed_back"
    )  # fmt: skip


def test_the_same_file_again_changes_nothing_and_says_so(house: House, tmp_path: Path) -> None:
    path = write(tmp_path, [row(number) for number in range(5)])
    import_history(house.owner, house.workflow, path)
    again = import_history(house.owner, house.workflow, path)
    assert (again.imported, again.already_here, again.refused) == (0, 5, 0)
    assert Job.objects.count() == Review.objects.count() == 5


def test_an_import_that_was_cut_off_goes_on_where_it_stood(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, [row(number) for number in range(2 * BATCH_ROWS + 50)])

    class PowerCutError(Exception):
        """Stands for a process that is killed."""

    def cut(rows: int) -> None:
        if rows >= 2 * BATCH_ROWS:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        import_history(house.owner, house.workflow, path, on_progress=cut)
    assert Job.objects.count() == Review.objects.count() == 2 * BATCH_ROWS
    report = import_history(house.owner, house.workflow, path)
    assert (report.imported, report.already_here) == (50, 2 * BATCH_ROWS)


def test_a_batch_is_stored_with_its_decisions_or_not_at_all(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("teachback_server.reviews.import_actions.decide_reviews", fail)
    with pytest.raises(ImportRefused):
        import_history(house.owner, house.workflow, write(tmp_path, [row(1)]))
    assert not Job.objects.exists()


def test_rows_that_cannot_be_used_are_written_beside_the_file_and_the_good_ones_are_kept(
    house: House, tmp_path: Path
) -> None:
    rows = [
        row(1),
        "{ broken",
        row(2, output={"queue": "nowhere"}),
        row(3, input={"text": 7}),
        row(1),
        row(4, confidence=3),
        row(5),
    ]
    report = import_history(house.owner, house.workflow, write(tmp_path, rows))
    assert (report.imported, report.refused, report.refused_path) == (2, 5, tmp_path / "history.refused.jsonl")
    assert report.refused_path is not None
    refused = [json.loads(line) for line in report.refused_path.read_text().splitlines()]
    assert [item["line"] for item in refused] == [2, 3, 4, 5, 6]
    assert all(item["reason"] and item["remedy"] for item in refused)
    assert "output.queue" in refused[1]["reason"]


def test_a_row_whose_id_belongs_to_another_job_is_refused(house: House, tmp_path: Path) -> None:
    import_history(house.owner, house.workflow, write(tmp_path, [row(1)]))
    other = row(1, input={"text": "Something else"})
    report = import_history(house.owner, house.workflow, write(tmp_path, [other, row(2)], "second.jsonl"))
    assert (report.imported, report.already_here, report.refused) == (1, 0, 1)
    assert "another job with the id “m1”" in (tmp_path / "second.refused.jsonl").read_text()


def test_the_texts_of_csv_get_the_types_of_the_boundary(house: House, tmp_path: Path) -> None:
    schema = dict(house.workflow.output_schema)
    schema["properties"] = {**schema["properties"], "amount": {"type": "number"}}
    house.workflow.output_schema = schema
    house.workflow.save()
    path = tmp_path / "history.csv"
    path.write_text("text,queue,amount\nHello,billing,59.90\nAgain,billing,much\n")
    mapping = ColumnMapping(input_columns=("text",), output_columns=("queue", "amount"))
    report = import_history(house.owner, house.workflow, path, mapping)
    assert (report.imported, report.refused) == (1, 1)
    assert Review.objects.get().output == {"queue": "billing", "amount": 59.9}


def test_a_workflow_with_reasons_of_its_own_takes_history_too(house: House, tmp_path: Path) -> None:
    Reason.objects.exclude(code="against_policy").delete()
    import_history(house.owner, house.workflow, write(tmp_path, [row(1)]))
    reason = Review.objects.get().reason
    assert reason is not None and reason.code == "against_policy"


def test_a_workflow_without_reasons_says_what_to_add(house: House, tmp_path: Path) -> None:
    Reason.objects.filter(workflow=house.workflow).delete()
    with pytest.raises(ImportRefused, match="no reasons"):
        import_history(house.owner, house.workflow, write(tmp_path, [row(1)]))


def test_a_file_that_cannot_be_read_at_all_stores_nothing(house: House, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(HistoryFileError):
        import_history(house.owner, house.workflow, empty)
    assert not Job.objects.exists()


def test_progress_counts_all_rows_and_ends_with_the_last(house: House, tmp_path: Path) -> None:
    seen: list[int] = []
    path = write(tmp_path, [row(number) for number in range(BATCH_ROWS + 3)])
    import_history(house.owner, house.workflow, path, on_progress=seen.append)
    assert seen == [BATCH_ROWS, BATCH_ROWS + 3]


def test_a_reviewer_may_not_import(house: House, tmp_path: Path) -> None:
    with pytest.raises(PermissionMissing):
        import_history(house.reviewer, house.workflow, write(tmp_path, [row(1)]))
