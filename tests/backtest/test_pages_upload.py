"""Uploading a file in the browser: what was read is shown, what is wrong is said with its line and what to do."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from backtest_runs import ROWS
from browsing import Owner, work_until_idle
from builders import House
from histories import make_rows, queue_of, spell_csv, write_csv, write_jsonl
from teachback_server.backtest import actions, upload_pages, uploads
from teachback_server.backtest.actions import prepare_file
from teachback_server.backtest.models import BacktestRun, HistoryUpload
from teachback_server.backtest.reading import UploadState
from teachback_server.jobs.history_row import ColumnMapping, HistoryFileError
from teachback_server.people.models import AuditEvent
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
TWO_COLUMNS = spell_csv(make_rows(60))


@pytest.fixture
def owner(house: House) -> Owner:
    """Alice in her browser."""
    return Owner(house.alice)


def test_two_columns_are_enough(owner: Owner) -> None:
    page = owner.upload("Tickets_march.csv", TWO_COLUMNS)
    assert "60 rows can be used" in page
    assert 'value="Tickets march"' in page
    assert "3 different values in 60 rows: a choice." in page
    assert not BacktestRun.objects.exists()


def test_nothing_is_made_of_a_file_before_its_owner_says_so(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    assert Workflow.objects.count() == 2  # those of the house
    kinds = list(AuditEvent.objects.filter(actor_name="alice").order_by("-pk").values_list("kind", "subject")[:1])
    assert kinds == [("history_uploaded", "tickets.csv")]


BAD_ROWS = [
    '{"id": "1", "input": {"message": "a"}, "output": {"queue": "b"}}',
    '{"id": "2", "input": {"message": "a"}, "output": {"queue": "b"}',
    '{"id": "1", "input": {"message": "c"}, "output": {"queue": "b"}}',
    '{"id": "4", "input": {"message": "c"}}',
    '{"id": "5", "input": {"message": "c"}, "output": {"queue": "b"}, "at": "yesterday"}',
    '{"id": "6", "input": {"message": "c"}, "output": {"queue": "b"}, "confidence": 87}',
    '{"id": "7", "input": "c", "output": {"queue": "b"}}',
]


def test_good_rows_are_kept_and_refused_ones_are_listed_with_reason_and_remedy(owner: Owner) -> None:
    page = owner.upload("tickets.jsonl", "\n".join([*BAD_ROWS, BAD_ROWS[0].replace('"1"', '"8"')]))
    assert "2 rows can be used, 6 cannot" in page
    assert "The id “1” stands in line 1 already" in page
    assert "Give each row its own id, or leave the second one out" in page
    assert "These are the first 5 of 6." in page


def test_refused_rows_can_be_downloaded_as_the_command_line_writes_them(owner: Owner, tmp_path: Path) -> None:
    owner.upload("tickets.jsonl", "\n".join(BAD_ROWS))
    answer = owner.client.get(f"{owner.address}/refused")
    assert answer["Content-Disposition"] == 'attachment; filename="tickets.refused.jsonl"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    path = tmp_path / "tickets.jsonl"
    path.write_text("\n".join(BAD_ROWS))
    prepare_file(path, ColumnMapping())
    got = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert got == (tmp_path / "tickets.refused.jsonl").read_text()
    assert [json.loads(line)["line"] for line in got.splitlines()] == [2, 3, 4, 5, 6, 7]


def test_a_value_of_another_kind_is_refused_by_its_line(owner: Owner) -> None:
    rows = [json.loads(json.dumps(row)) for row in make_rows(100)]
    rows[40]["output"]["queue"] = 7
    page = owner.upload("tickets.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert "99 rows can be used, 1 cannot" in page
    assert '<td class="number">41</td><td>Output.queue: ' in page


UNREADABLE = {
    "nothing.csv": b"",
    "blank.csv": b"\n \n\n",
    "header.csv": b"message,queue\n",
    "no-names.csv": b",,\na,b,c\n",
    "twice.csv": b"message,message\na,b\n",
    "one.csv": b"message\nhello\nyou\n",
    "sheet.xlsx": b"PK\x03\x04" + bytes(200),
    "old.xls": b"\xd0\xcf\x11\xe0" + bytes(200),
    "packed.csv.gz": gzip.compress(b"message,queue\na,b\n"),
    "paper.pdf": b"%PDF-1.7 \x00\x01",
    "picture.csv": bytes(range(256)) * 20,
    "list.json": b'[{"input": {"a": 1}, "output": {"b": 2}}]',
    "no-answers.jsonl": b'{"input": {"a": "1"}}\n{"input": {"a": "2"}}\n',
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_refused_in_the_words_of_the_command_line(
    name: str, owner: Owner, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(UNREADABLE[name])
    with pytest.raises(HistoryFileError) as refusal:
        prepare_file(path, ColumnMapping())
    page = owner.upload(name, UNREADABLE[name])
    assert "This file cannot be used." in page
    assert _as_kept(str(refusal.value)) in page
    assert "Upload it again" in page


def _as_kept(text: str) -> str:
    """A text as the database gives it back: PostgreSQL has no place for NUL."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}") if connection.vendor == "postgresql" else text


def test_a_file_without_one_good_row_shows_why(owner: Owner) -> None:
    page = owner.upload("tickets.jsonl", "\n".join(BAD_ROWS[1:2]) + "\nnonsense\n")
    assert "tickets.jsonl has no row that can be used." in page
    assert "This is not valid JSON" in page
    assert "Download all 2" in page


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_file_in_another_encoding_is_read(encoding: str, owner: Owner) -> None:
    text = TWO_COLUMNS.replace("order", "Päckchen")
    page = owner.upload("tickets.csv", text.encode(encoding))
    assert "60 rows can be used" in page
    assert "Päckchen" in page
    assert ("is not UTF-8; it was read as Western European text" in page) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/passwd.csv", "passwd.csv"),
        ("..\\..\\evil.csv", "evil.csv"),
        ("/etc/cron.d/x.csv", "x.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a\x01b\tc.csv", "abc.csv"),
        ("tickets\u202egpj.csv", "ticketsgpj.csv"),
        (f"{'ü' * 250}.csv", f"{'ü' * 60}.csv"),
        ("a<b>|c?.csv", "a_b__c_.csv"),
        (".csv", "csv"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, kept: str, owner: Owner) -> None:
    owner.upload(name, TWO_COLUMNS)
    upload = HistoryUpload.objects.get()
    assert upload.file_name == kept
    path = uploads.get_file(upload).resolve()
    assert path.parent == settings.UPLOADS_FOLDER / upload.token
    assert path.parent.stat().st_mode & 0o077 == 0


def test_what_a_cell_says_never_becomes_part_of_the_page(owner: Owner) -> None:
    page = owner.upload("<b>tickets</b>.csv", "message,queue\n" + "<script>alert(1)</script>,<i>x</i>\n" * 30)
    assert "<script>alert" not in owner.raw
    assert "<i>x</i>" not in owner.raw
    assert "<script>alert(1)</script>" in page


def test_nobody_uploads_without_signing_in(house: House) -> None:
    answer = Client().post("/start-here/upload", {"file": io.BytesIO(b"a,b\n1,2\n")})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")
    assert not list(settings.UPLOADS_FOLDER.iterdir())


def test_a_forged_upload_is_refused(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.alice)
    answer = client.post("/start-here/upload", {"file": io.BytesIO(b"a,b\n1,2\n")})
    assert answer.status_code == 403
    assert not HistoryUpload.objects.exists()


def test_no_file_at_all_is_said_at_the_field(owner: Owner) -> None:
    answer = owner.client.post("/start-here/upload", {})
    assert answer.status_code == 422
    assert "Choose a file first." in answer.content.decode()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_HISTORY_FILE_BYTES", 1000)
    monkeypatch.setattr(upload_pages, "_take_upload", None)  # reading the body would begin there
    answer = owner.send("tickets.csv", b"x" * 100_000)
    assert answer.status_code == 413
    assert "This file is larger than" in answer.content.decode()


def test_a_file_just_above_the_limit_is_refused_after_it_came(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_HISTORY_FILE_BYTES", 1000)
    answer = owner.send("tickets.csv", b"x" * 1001)
    assert answer.status_code == 422
    assert "This file is larger than" in answer.content.decode()
    assert not HistoryUpload.objects.exists()
    assert not list(settings.UPLOADS_FOLDER.iterdir())


def test_a_file_with_too_many_rows_is_refused_as_on_the_command_line(
    owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (actions, uploads):
        monkeypatch.setattr(module, "MOST_ROWS", 59)
    path = tmp_path / "tickets.csv"
    path.write_text(TWO_COLUMNS)
    with pytest.raises(HistoryFileError, match="the most that a backtest takes") as refusal:
        prepare_file(path, ColumnMapping())
    assert str(refusal.value) in owner.upload("tickets.csv", TWO_COLUMNS)


def test_a_full_disk_is_said_in_plain_words(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upload_pages, "keep_upload", fail)
    answer = owner.send("tickets.csv", TWO_COLUMNS.encode())
    assert answer.status_code == 507
    assert "There is no room left on the disk" in answer.content.decode()


def test_an_upload_is_seen_by_its_person_alone(owner: Owner, house: House) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    bob = Owner(house.bob)
    for address in (owner.address, f"{owner.address}/columns", f"{owner.address}/refused"):
        assert bob.client.get(address).status_code == 404
    assert bob.client.post(f"{owner.address}/discard").status_code == 404
    assert HistoryUpload.objects.exists()


def test_a_removed_file_is_gone_from_the_disk(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    answer = owner.client.post(f"{owner.address}/discard", follow=True)
    assert "tickets.csv is gone from this machine." in answer.content.decode()
    assert not HistoryUpload.objects.exists()
    assert not list(settings.UPLOADS_FOLDER.iterdir())


def test_only_a_few_files_wait_for_each_person(owner: Owner) -> None:
    for number in range(uploads.MOST_WAITING_UPLOADS + 2):
        owner.upload(f"tickets-{number}.csv", TWO_COLUMNS)
    names = set(HistoryUpload.objects.values_list("file_name", flat=True))
    assert names == {f"tickets-{number}.csv" for number in range(2, uploads.MOST_WAITING_UPLOADS + 2)}
    assert len(list(settings.UPLOADS_FOLDER.iterdir())) == uploads.MOST_WAITING_UPLOADS


@pytest.fixture
def large_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as large."""
    monkeypatch.setattr(uploads, "READ_AT_ONCE_BYTES", 10)


def test_a_large_file_is_read_by_a_worker(owner: Owner, large_files: None) -> None:
    page = owner.upload("tickets.csv", TWO_COLUMNS)
    assert "Reading tickets.csv" in page
    assert "No worker is running." in page
    part = owner.client.get(owner.address, headers={"HX-Request": "true"})
    assert "Reading tickets.csv" in part.content.decode()
    assert "<html" not in part.content.decode()
    work_until_idle()
    assert owner.client.get(owner.address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "60 rows can be used" in owner.look()


def test_an_interrupted_reading_can_be_begun_again(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    HistoryUpload.objects.update(state=UploadState.READING, reading=None)
    assert "The reading was interrupted." in owner.look()
    owner.client.post(f"{owner.address}/read")
    assert "60 rows can be used" in owner.look()


def test_a_file_that_was_deleted_meanwhile_says_so(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    upload = HistoryUpload.objects.get()
    uploads.get_file(upload).unlink()
    owner.client.post(f"{owner.address}/columns", {})
    HistoryUpload.objects.update(state=UploadState.READING, reading=None)
    owner.client.post(f"{owner.address}/read")
    assert "The file tickets.csv is no longer in the data folder. Upload it again." in owner.look()


FOUR_COLUMNS = "ticket,subject,message,queue\n" + "".join(
    f"T-{number},Hello,Message {number},{'billing' if number % 2 else 'delivery'}\n" for number in range(40)
)


def test_unclear_columns_are_asked_for_with_examples(owner: Owner) -> None:
    page = owner.upload("tickets.csv", FOUR_COLUMNS)
    assert "Which columns are which?" in page
    assert "<q>T-0</q> <q>T-1</q> <q>T-2</q>" in owner.raw
    assert "--input" not in page
    page = owner.choose_columns(subject="input", message="input", queue="output")
    assert "40 rows can be used" in page
    assert "Not used: ticket." in page


def test_columns_can_be_chosen_again(owner: Owner) -> None:
    owner.upload("tickets.csv", FOUR_COLUMNS)
    owner.choose_columns(subject="input", message="input", queue="output")
    page = owner.choose_columns(message="input", subject="output")
    assert "Not used: ticket, queue." in page


@pytest.mark.parametrize(
    ("uses", "message"),
    [
        ({}, "Choose at least one column that came in."),
        ({"message": "input"}, "Choose at least one column that a person answered."),
        ({"message": "nonsense"}, "Choose one of these."),
    ],
)
def test_columns_that_cannot_be_are_refused_at_the_form(uses: dict[str, str], message: str, owner: Owner) -> None:
    owner.upload("tickets.csv", FOUR_COLUMNS)
    assert message in owner.choose_columns(**uses)


def test_two_columns_for_one_field_are_refused(owner: Owner) -> None:
    owner.upload("tickets.csv", "a.b,a_b,c,d\n1,2,3,4\n5,6,7,8\n")
    page = owner.choose_columns(**{"a.b": "input", "a_b": "input", "c": "output"})
    assert "Two of the columns would both fill the field 'a_b'. Leave one out." in page


def test_a_name_that_is_taken_is_refused_without_telling_whose_it_is(owner: Owner, house: House) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    assert "You have a workflow named 'support-inbox' already." in owner.start(**{"boundary-name": "support-inbox"})
    assert "Somebody else here has a workflow named 'elsewhere' already." in owner.start(
        **{"boundary-name": "elsewhere"}
    )
    assert not BacktestRun.objects.exists()


def test_a_field_of_the_file_cannot_be_taken_out_of_the_boundary(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    page = owner.start(**{"output-0-name": "team"})
    assert "The file has queue, which you took out or renamed here." in page
    assert not BacktestRun.objects.exists()


def test_rows_that_an_edited_boundary_does_not_allow_are_left_out_only_knowingly(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    kept = sum(queue_of(row) != "returns" for row in make_rows(60))
    edited = {"output-0-values": "billing\ndelivery"}
    page = owner.start(**edited)
    assert f"{60 - kept} of 60 rows do not fit." in page
    assert "Output.queue: " in page
    assert not BacktestRun.objects.exists()
    owner.start(**edited, left_out=str(60 - kept))
    run = BacktestRun.objects.get()
    assert (run.total, run.refused) == (kept, 60 - kept)
    assert run.workflow.output_schema["properties"]["queue"]["enum"] == ["billing", "delivery"]
    work_until_idle()
    run.refresh_from_db()
    assert (run.state, run.workflow.jobs.count()) == ("done", kept)


def test_cells_are_read_as_the_kind_that_the_boundary_says(owner: Owner) -> None:
    text = "message,people\n" + "".join(f"Table for {1 + n % 4} please {n},{1 + n % 4}\n" for n in range(50))
    owner.upload("tables.csv", text)
    owner.start(**{"output-0-kind": "number"})
    work_until_idle()
    workflow = Workflow.objects.get(name="tables")
    assert workflow.output_schema["properties"]["people"] == {"title": "People", "type": "number"}
    assert {type(review.output["people"]) for review in workflow.reviews.exclude(output=None)} == {int}


def test_adding_a_field_keeps_what_was_typed(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    page = owner.start(**{"boundary-title": "My desk", "review": "all", "add_field": "output"})
    assert 'value="My desk"' in page
    assert 'value="all" id="id_review_1" checked' in page.replace(" required", "")
    assert not BacktestRun.objects.exists()


def test_pressing_backtest_twice_begins_one_run(owner: Owner) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    form = owner.form_as_shown()
    first, second = (owner.client.post(owner.address, form) for _ in range(2))
    assert first["Location"] == second["Location"] == "/workflows/tickets/backtest"
    assert BacktestRun.objects.count() == 1


def test_whoever_uploads_owns_the_workflow(owner: Owner, house: House) -> None:
    owner.upload("tickets.csv", TWO_COLUMNS)
    owner.start(**{"boundary-error_limit": "10", "boundary-certainty": "95", "review": "all"})
    workflow = Workflow.objects.get(name="tickets")
    assert workflow.owner == house.alice
    assert (workflow.error_limit, workflow.certainty) == (0.1, 0.95)
    assert workflow.backtest.settings["review"] == "all"
    assert Owner(house.bob).client.get("/workflows/tickets/backtest").status_code == 404


def test_drafts_make_the_recorded_agent_the_first_choice(owner: Owner) -> None:
    rows = [{**row, "draft": {"queue": "billing"}, "confidence": 0.7} for row in make_rows(40)]
    page = owner.upload("drafts.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert "The agent you have: its drafts stand in your file and are replayed" in page
    owner.start()
    assert Workflow.objects.get(name="drafts").backtest.settings["agent"] == "recorded"


def test_free_text_is_said_to_be_hard(owner: Owner) -> None:
    text = "message,reply\n" + "".join(
        f"Where is {n}?,Dear customer number {n * 7} we looked into it\n" for n in range(40)
    )
    assert "Hard to learn:" in owner.upload("replies.csv", text)


def test_every_way_to_name_it_gives_the_same_reading(owner: Owner, tmp_path: Path) -> None:
    writers: list[Callable[[Path, Any], Path]] = [write_csv, write_jsonl]
    for writer, name in zip(writers, ("a.csv", "a.jsonl"), strict=True):
        path = writer(tmp_path / name, make_rows(ROWS))
        assert f"{ROWS} rows can be used" in owner.upload(name, path.read_bytes())
