"""Decisions by spreadsheet: what goes out, what programs make of it, and that each row counts for itself, once."""

import csv
import html
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from builders import MORNING, House, accept, boundary_named, record_jobs
from teachback.json_types import JsonObject
from teachback_server.jobs.models import Job
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import open_workflow
from teachback_server.reviews.actions import claim_job
from teachback_server.reviews.models import Claim, Review, SecondReview
from teachback_server.reviews.outside import spreadsheet
from teachback_server.reviews.outside.sheet_file import SheetRefused, read_lines, read_table
from teachback_server.reviews.outside.spreadsheet import NEEDED, judge_lines, store_rows, write_waiting
from teachback_server.reviews.retracting import move_to_retraction
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
SHEET = "/workflows/support-inbox/review/sheet"
Fill = Callable[[dict[str, str]], None]

WIDE: JsonObject = {
    "type": "object",
    "properties": {
        "queue": {"type": "string", "enum": ["billing", "delivery"]},
        "amount": {"type": "number"},
        "urgent": {"type": "boolean"},
        "due": {"type": "string", "format": "date"},
        "code": {"type": "string"},
        "said": {"type": "string"},
        "items": {"type": "array", "items": {"type": "string"}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "customer": {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}},
        "gone": {"type": ["string", "null"]},
    },
    "required": ["queue", "gone"],
}
FULL: JsonObject = {
    "queue": "billing",
    "amount": -59.9,
    "urgent": True,
    "due": "2026-03-31",
    "code": "007",
    "said": "=HYPERLINK(1)\nsecond; =line</textarea>\n- third",
    "items": ["a, b", "-c"],
    "lines": [{"price": 3.5}],
    "customer": {"name": "Müller", "age": 41},
    "gone": None,
}


@pytest.fixture
def jobs(house: House) -> list[Job]:
    return record_jobs(house.workflow, [{"queue": "billing", "order_number": f"A{n}"} for n in range(1, 5)])


@pytest.fixture
def wide(house: House) -> Workflow:
    boundary = boundary_named("wide")
    made, _ = open_workflow(
        house.owner,
        Boundary(name="wide", title="Wide", input_schema=boundary.input_schema, output_schema=WIDE),
        salt="salt",
    )
    record_jobs(made, [FULL])
    return made


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def spell(rows: Sequence[dict[str, str]], **dialect: Any) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n", **dialect)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def filled(house: House, workflow: Workflow, **cells: str) -> list[dict[str, str]]:
    """The sheet with these cells in its first row; a dot in a column's name is written as two underscores."""
    rows = table(write_waiting(house.owner, workflow))
    names = {head.removeprefix("proposed: ").replace(".", "__"): head for head in rows[0]}
    rows[0] |= {names[name]: cell for name, cell in cells.items()}
    return rows


def give(house: House, workflow: Workflow, data: str | bytes) -> list[str]:
    """Store a sheet in Alice's name; what is wrong with its rows."""
    lines = read_table(data.encode() if isinstance(data, str) else data, needed=NEEDED)
    rows = judge_lines(house.owner, workflow, lines)
    done = store_rows(house.owner, rows)
    return [row.problem for row in rows if row.problem] + [stored.problem for _, stored in done if stored.problem]


def reason_of(workflow: Workflow) -> str:
    return str(workflow.reasons.values_list("label", flat=True)[0])


def upload(client: Client, text: str | bytes) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return client.post(f"{SHEET}/give", {"file": SimpleUploadedFile("sheet.csv", data)})


def confirm(client: Client, look: Any) -> Any:
    found = re.search(r'name="lines" value="([^"]*)"', look.content.decode())
    assert found
    return client.post(f"{SHEET}/give", {"lines": html.unescape(found[1])})


# What goes out


def test_the_sheet_is_blind_and_holds_only_what_waits(house: House, jobs: list[Job]) -> None:
    record_jobs(house.workflow, [None], first_id=50)
    accept(house.owner, jobs[:1])
    SecondReview.objects.create(
        job=jobs[0], workflow=house.workflow, kind="planted", for_user=house.bob, asked_at=MORNING, probability=0.02
    )
    rows = table(write_waiting(house.reviewer, house.workflow))
    assert list(rows[0]) == [
        *("job", "id", "handed back", "came in: text", "proposed: queue", "proposed: order_number"),
        *("decision", "reason", "note", "row"),
    ]
    assert [row["job"] for row in rows] == ["2", "3", "4", "5"]
    assert rows[-1]["handed back"] == "No field was sure enough."
    assert "0.6" not in str(rows)


def test_no_cell_of_the_sheet_begins_like_a_formula(house: House, wide: Workflow) -> None:
    (row,) = table(write_waiting(house.owner, wide))
    assert row["proposed: said"].startswith("'=HYPERLINK(1)\nsecond; '=line")
    assert row["proposed: amount"] == "-59.9"  # a number that calculates
    assert all(not cell.startswith(("=", "+", "@", "\t")) for cell in row.values())
    assert row["proposed: customer.name"] == "Müller"
    assert row["proposed: urgent"] == "Yes"
    assert row["proposed: code"] == "'007"


def test_a_sheet_holds_no_more_than_can_come_back(
    house: House, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 3)
    assert len(table(write_waiting(house.owner, house.workflow))) == 3
    monkeypatch.setattr(spreadsheet, "LARGEST_SHEET", 100)
    assert len(table(write_waiting(house.owner, house.workflow))) == 1


def test_a_value_that_no_cell_can_hold_is_shortened_and_stays_whole(house: House, wide: Workflow) -> None:
    record_jobs(wide, [{**FULL, "said": "word " * 20_000}], first_id=2)
    rows = table(write_waiting(house.owner, wide))
    assert len(rows[1]["proposed: said"]) < 500
    rows[1] |= {"decision": "correct", "reason": reason_of(wide), "proposed: queue": "delivery"}
    assert give(house, wide, spell(rows)) == []
    assert Review.objects.get().output == {**FULL, "said": "word " * 20_000, "queue": "delivery"}


def test_a_value_that_was_shortened_cannot_be_changed_in_the_sheet(house: House, wide: Workflow) -> None:
    record_jobs(wide, [{**FULL, "said": "word " * 20_000}], first_id=2)
    rows = table(write_waiting(house.owner, wide))
    rows[1] |= {"decision": "correct", "reason": reason_of(wide), "proposed: said": "other"}
    assert "at the desk only" in give(house, wide, spell(rows))[0]


# What comes back


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text,
        lambda text: text.removeprefix("\ufeff"),
        lambda text: spell(table(text), delimiter=";"),
        lambda text: "sep=;\r\n" + spell(table(text), delimiter=";"),
        lambda text: spell(table(text), delimiter="\t").encode("utf-16"),
        lambda text: spell(table(text), quoting=csv.QUOTE_ALL, delimiter=";").encode("cp1252"),
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
        lambda text: text.replace("\r\n", ",,,\r\n"),
        lambda text: spell([{key: cell.removeprefix("'") for key, cell in row.items()} for row in table(text)]),
        lambda text: spell([{**row, "job": "1,0", "proposed: amount": "-59,90"} for row in table(text)]),
        lambda text: spell([{**row, "job": "1.0", "proposed: urgent": "yes"} for row in table(text)]),
        lambda text: spell([dict(reversed(row.items())) for row in table(text)]),
        lambda text: text + "\r\n,,,\r\n",
    ],
)
@pytest.mark.parametrize("word", ["Accept ", "ACCEPTED", "'accept"])
def test_a_sheet_that_a_program_saved_anew_is_read_as_it_was_meant(
    house: House, wide: Workflow, mangle: Callable[[str], str | bytes], word: str
) -> None:
    rows = filled(house, wide, decision=word, note="Grüße")
    assert give(house, wide, mangle("\ufeff" + spell(rows))) == []
    review = Review.objects.get()
    assert (review.verdict, review.output, review.note) == ("accepted", FULL, "Grüße")


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("queue", "Delivery ", "queue", "delivery"),
        ("amount", "-5", "amount", -5),
        ("amount", "59,95", "amount", 59.95),
        ("urgent", "no", "urgent", False),
        ("due", "1.4.2026", "due", "2026-04-01"),
        ("code", "'008", "code", "008"),
        ("code", '{"a": 1}', "code", '{"a": 1}'),
        ("code", "=1+1", "code", "=1+1"),
        ("said", "one\r\ntwo", "said", "one\ntwo"),
        ("items", "a, b\r\nd", "items", ["a, b", "d"]),
        ("lines", '[{"price": 4}]', "lines", [{"price": 4}]),
        ("customer__name", "Meier", "customer", {"name": "Meier", "age": 41}),
        ("customer__age", "", "customer", {"name": "Müller"}),
        ("gone", "here", "gone", "here"),
    ],
)
def test_a_changed_cell_corrects_its_field_and_no_other(
    house: House, wide: Workflow, column: str, cell: str, field: str, value: object
) -> None:
    rows = filled(house, wide, decision="correct", reason=reason_of(wide).upper(), **{column: cell})
    assert give(house, wide, spell(rows)) == []
    review = Review.objects.get()
    assert review.output == {**FULL, field: value}
    assert {re.split(r"[.\[]", row.field)[0] for row in review.corrections.all()} == {field}
    assert review.would_recur is None


def test_an_emptied_cell_takes_its_field_out(house: House, wide: Workflow) -> None:
    assert give(house, wide, spell(filled(house, wide, decision="correct", reason=reason_of(wide), code=""))) == []
    assert "code" not in (Review.objects.get().output or {})


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"decision": "maybe"}, "“maybe” is no decision"),
        ({"decision": "reject"}, "Say why, with one of the reasons"),
        ({"decision": "reject", "reason": "no such"}, "Say why, with one of the reasons"),
        ({"decision": "correct", "reason": "Wrong choice"}, "Nothing was changed"),
        ({"decision": "accept", "queue": "delivery"}, "queue: changed, but not corrected"),
        ({"decision": "correct", "reason": "Wrong choice", "queue": "nowhere"}, "queue: “nowhere” is not one of"),
        ({"decision": "correct", "reason": "Wrong choice", "amount": "1,200"}, "amount: This is not a number"),
        ({"decision": "correct", "reason": "Wrong choice", "due": "3/4/2026"}, "due: This is not a date"),
        ({"decision": "correct", "reason": "Wrong choice", "lines": "[{"}, "lines: This is not valid JSON"),
        ({"decision": "correct", "reason": "Wrong choice", "lines": '["\\u0000"]'}, "lines: This cannot be stored"),
        ({"decision": "correct", "reason": "Wrong choice", "lines": '["\\ud800"]'}, "lines: This cannot be stored"),
        ({"decision": "correct", "reason": "Wrong choice", "lines": "[" * 200 + "]" * 200}, "lines: This cannot be"),
        ({"decision": "correct", "reason": "Wrong choice", "queue": ""}, "queue: "),
        ({"decision": "accept", "note": "x" * 1001}, "more than 1000 letters"),
        ({"decision": "accept", "row": "r0"}, "has changed since the sheet went out"),
        ({"decision": "accept", "row": ""}, "has changed since the sheet went out"),
        ({"decision": "accept", "job": "77"}, "There is no job “77”"),
        ({"decision": "accept", "job": "x" * 900}, "There is no job"),
        ({"decision": "accept", "job": ""}, "does not say which job"),
        ({"queue": "delivery"}, "no decision stands beside it"),
        ({"note": "hm"}, "no decision stands beside it"),
    ],
)
def test_a_row_that_cannot_be_stored_says_why_and_holds_up_no_other(
    house: House, wide: Workflow, cells: dict[str, str], problem: str
) -> None:
    record_jobs(wide, [FULL], first_id=2)
    rows = filled(house, wide, **cells)
    rows[1]["decision"] = "accept"
    (said,) = give(house, wide, spell(rows))
    assert problem in said
    assert Review.objects.get().job.number == 2


def test_a_job_without_an_output_is_filled_in(house: House) -> None:
    record_jobs(house.workflow, [None])
    reason = reason_of(house.workflow)
    assert (
        "no output to accept" in give(house, house.workflow, spell(filled(house, house.workflow, decision="accept")))[0]
    )
    rows = filled(house, house.workflow, decision="correct", reason=reason, queue="returns")
    assert give(house, house.workflow, spell(rows)) == []
    assert Review.objects.get().output == {"queue": "returns"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no column"),
        (b"\x00\x01\x02\xff\xfe rubbish", "no column"),
        (b"PK\x03\x04 an xlsx", "This is a workbook"),
        (b"job,decision\n1,accept\n", "no column “row”"),
        (b'"', "no column"),
        (b"\xff\xfe\x00", "no column"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(SheetRefused, match=says):
        read_table(data, needed=NEEDED)


def test_a_broken_quote_costs_only_the_rows_from_there_on(house: House, jobs: list[Job]) -> None:
    lines = spell([{**row, "decision": "accept"} for row in filled(house, house.workflow)]).splitlines(keepends=True)
    lines[2] = '2,"job-2' + lines[2][7:]
    (problem,) = give(house, house.workflow, "".join(lines))
    assert "From this row on the file cannot be read" in problem
    assert [review.job.number for review in Review.objects.all()] == [1]


def test_too_many_rows_are_refused_as_a_whole() -> None:
    with pytest.raises(SheetRefused, match="more than 5000 rows"):
        read_table(b"job,decision,row\n" + b"1,accept,x\n" * 5001, needed=NEEDED)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '[[1, {"job": "\\ud800"}, ""]]', '[[1, {"job": 2}, ""]]', '[["1", {}, ""]]', "[" * 100_000]
)
def test_what_comes_back_from_the_look_is_not_trusted(text: str) -> None:
    with pytest.raises(SheetRefused, match="did not come back whole"):
        read_lines(text)


def test_rows_that_contradict_each_other_are_left_out_and_equal_ones_count_once(house: House, jobs: list[Job]) -> None:
    rows = filled(house, house.workflow, decision="accept")
    rows[1]["decision"] = "accept"
    rows += [{**rows[0]}, {**rows[1], "decision": "reject", "reason": reason_of(house.workflow)}]
    problems = give(house, house.workflow, spell(rows))
    assert len(problems) == 2
    assert all("Job 2 has 2 rows that say different things" in problem for problem in problems)
    assert [review.job.number for review in Review.objects.all()] == [1]


# On the page


def test_nothing_is_stored_before_the_look_and_everything_once_after_it(
    house: House, jobs: list[Job], client: Client
) -> None:
    client.force_login(house.bob)
    taken = client.get(f"{SHEET}/waiting.csv")
    assert taken["Content-Disposition"] == 'attachment; filename="support-inbox-waiting.csv"'
    rows = table(taken.content.decode())
    rows[0]["decision"] = "accept"
    rows[1] |= {"decision": "correct", "reason": reason_of(house.workflow), "proposed: queue": "delivery"}
    rows[1]["note"] = "</textarea>\r\nx\ry\n\"'<b>"
    rows[2]["decision"] = "perhaps"
    look = upload(client, spell(rows))
    page = look.content.decode()
    assert look.status_code == 200
    assert "<strong>2</strong> jobs would be decided" in page
    assert "“perhaps” is no decision" in page
    assert not Review.objects.exists()
    first, again = confirm(client, look), confirm(client, look)
    for answer in (first, again):
        assert answer.status_code == 200
        assert "2 decisions stored" in answer.content.decode()
        assert "“perhaps” is no decision" in answer.content.decode()
    assert Review.objects.count() == 2
    stored = Review.objects.get(job=jobs[1])
    assert (stored.reviewer, stored.output) == (house.bob, {"queue": "delivery", "order_number": "A2"})
    assert stored.note == "</textarea>\nx\ny\n\"'<b>"
    assert AuditEvent.objects.filter(kind="reviews_decided", actor_name="bob").count() == 2
    looked_again = upload(client, spell(rows)).content.decode()
    assert "2 decisions of this sheet are stored already" in looked_again
    assert "would be decided" not in looked_again


def test_letters_of_an_old_character_set_reach_the_store(house: House, jobs: list[Job], client: Client) -> None:
    client.force_login(house.bob)
    rows = filled(house, house.workflow, decision="accept", note="Schöne Grüße")
    confirm(client, upload(client, spell(rows, delimiter=";").encode("cp1252")))
    assert Review.objects.get().note == "Schöne Grüße"


def test_of_two_people_with_the_same_sheet_the_second_is_told(house: House, jobs: list[Job], client: Client) -> None:
    text = spell(filled(house, house.workflow, decision="accept"))
    client.force_login(house.bob)
    confirm(client, upload(client, text))
    client.force_login(house.alice)
    page = upload(client, text).content.decode()
    assert "It was decided before" in page
    assert Review.objects.get().reviewer == house.bob


def test_a_job_on_somebodys_screen_is_left_to_them_and_comes_with_the_same_sheet_later(
    house: House, jobs: list[Job], client: Client
) -> None:
    claim_job(house.owner, jobs[0])
    client.force_login(house.bob)
    rows = filled(house, house.workflow, decision="accept")
    rows[1]["decision"] = "accept"
    done = confirm(client, upload(client, spell(rows))).content.decode()
    assert "1 decision stored" in done
    assert "alice has this job on screen" in done
    Claim.objects.all().delete()
    assert "2 decisions stored" in confirm(client, upload(client, spell(rows))).content.decode()


def test_a_job_that_is_decided_between_the_look_and_the_storing_stays_so(
    house: House, jobs: list[Job], client: Client
) -> None:
    client.force_login(house.bob)
    look = upload(client, spell(filled(house, house.workflow, decision="accept")))
    accept(house.owner, jobs[:1])
    done = confirm(client, look).content.decode()
    assert "Nothing was stored" in done
    assert "It was decided before" in done
    assert Review.objects.get().reviewer == house.alice


def test_a_decision_that_was_taken_back_comes_anew_with_a_fresh_sheet_only(house: House, jobs: list[Job]) -> None:
    old = spell(filled(house, house.workflow, decision="accept"))
    assert give(house, house.workflow, old) == []
    move_to_retraction(house.owner, Review.objects.get(), now=jobs[0].finished_at)
    assert "Take a fresh one" in give(house, house.workflow, old)[0]
    assert give(house, house.workflow, spell(filled(house, house.workflow, decision="accept"))) == []


def test_an_empty_file_is_said_to_be_empty(client: Client, house: House) -> None:
    client.force_login(house.bob)
    answer = upload(client, "")
    assert answer.status_code == 422
    assert "This file is empty." in answer.content.decode()


@pytest.mark.parametrize("posted", [{}, {"lines": "rubbish"}])
def test_a_form_without_a_sheet_says_what_to_do(
    house: House, jobs: list[Job], client: Client, posted: dict[str, Any]
) -> None:
    client.force_login(house.bob)
    answer = client.post(f"{SHEET}/give", posted)
    assert answer.status_code == 422
    assert "Choose the file" in answer.content.decode()


def test_a_sheet_without_a_decision_is_no_success(house: House, jobs: list[Job], client: Client) -> None:
    client.force_login(house.bob)
    answer = upload(client, write_waiting(house.reviewer, house.workflow))
    assert answer.status_code == 422
    assert "No row of this file has a decision" in answer.content.decode()


def test_a_sheet_of_another_workflow_changes_nothing(house: House, jobs: list[Job], wide: Workflow) -> None:
    rows = filled(house, wide, decision="accept")
    assert "Take a fresh one" in give(house, house.workflow, spell(rows))[0]
    assert not Review.objects.exists()
