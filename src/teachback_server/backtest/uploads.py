"""What may happen to an uploaded file: it is kept, read, given columns, made into a backtest, or dropped."""

import os
import secrets
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.utils import timezone

from teachback_server.backtest.actions import (
    MOST_ROWS,
    BacktestSettings,
    FileFacts,
    PreparedFile,
    describe_too_many_rows,
    hash_file,
    open_run,
    prepare_file,
)
from teachback_server.backtest.models import BacktestRun, HistoryUpload
from teachback_server.backtest.queries import is_run_under_way
from teachback_server.backtest.reading import (
    NO_SCHEMAS,
    FileReading,
    Schemas,
    UploadState,
    fit_reading,
    list_refused_rows,
    parse_reading,
    read_file,
)
from teachback_server.backtest.suggesting import list_lost_fields
from teachback_server.backtest.tasks import continue_backtest_now, read_upload_now
from teachback_server.jobs.history_row import ColumnMapping, ColumnsUnclear, HistoryFileError
from teachback_server.jobs.refused_rows import write_refused_rows
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.audit import Act, record_act
from teachback_server.workflows.access import visible_workflows
from teachback_server.workflows.actions import BoundaryRefused
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.models import Workflow

READ_AT_ONCE_BYTES = 3 * 1024 * 1024  # a few seconds; larger files are read by a worker
MOST_WAITING_UPLOADS = 5  # per person; the oldest one goes when another comes
LEFT_OVER_AFTER = timedelta(days=1)
_MOST_NAME_BYTES = 120  # leaves room in a file name for what is written beside the file


class MoreLeftOut(ValueError):
    """Rows of the file do not fit the boundary as it was edited. Leave them out knowingly, or edit it again."""

    def __init__(self, reading: FileReading) -> None:
        super().__init__(f"{reading.refused} rows would be left out.")
        self.reading = reading


class UploadGone(LookupError):
    """The uploaded file is no longer there. Upload it again."""


def keep_upload(actor: Actor, file: TemporaryUploadedFile) -> HistoryUpload:
    """Take a file that was streamed to disk into a folder of its own, and read it: at once if that is quick."""
    if actor.user_id is None:
        raise PermissionMissing("Only a person who has signed in can upload a file.")
    name = make_safe_name(file.name or "")
    token = secrets.token_hex(16)
    folder = _folder_of(token)
    folder.mkdir(mode=0o700, parents=True)
    Path(file.temporary_file_path()).rename(folder / name)
    with transaction.atomic():
        upload = HistoryUpload.objects.create(
            token=token,
            uploaded_by_id=actor.user_id,
            file_name=name,
            size_bytes=file.size or 0,
            state=UploadState.READING,
            uploaded_at=timezone.now(),
        )
        record_act(actor, Act.HISTORY_UPLOADED, name)
    _drop_forgotten_uploads(actor)
    _read_soon(upload)
    return upload


def choose_columns(upload: HistoryUpload, mapping: ColumnMapping) -> None:
    """Read a file again with the columns that its person named."""
    upload.input_columns, upload.output_columns = list(mapping.input_columns), list(mapping.output_columns)
    _read_soon(upload)


def read_again(upload: HistoryUpload) -> None:
    """Ask once more for the reading of a file that was interrupted."""
    _read_soon(upload)


def read_waiting_upload(upload_id: int) -> None:
    """Read an upload that waits for a worker; harmless to run again."""
    upload = HistoryUpload.objects.filter(pk=upload_id, state=UploadState.READING).first()
    if upload is not None:
        _read(upload)


def start_uploaded_backtest(
    actor: Actor, upload: HistoryUpload, boundary: Boundary, *, agent: str, review: str, left_out: int
) -> BacktestRun:
    """Make the workflow of an uploaded file, with this boundary, and let its backtest begin; again gives the same run.

    `left_out` is how many rows the person knows to be left out; raises MoreLeftOut where the boundary, as it was
    edited, leaves out others. Raises BoundaryRefused where the name is taken or no row fits.
    """
    path = get_file(upload)
    _refuse_taken_name(actor, upload, boundary.name)
    reading = _fit_to_boundary(upload, boundary, left_out=left_out)
    wanted = BacktestSettings(
        workflow=boundary.name,
        agent=agent,
        review=review,
        input_columns=tuple(upload.input_columns),
        output_columns=tuple(upload.output_columns),
        error_limit=boundary.error_limit,
        certainty=boundary.certainty,
        hand_back_cost=boundary.hand_back_cost,
    )
    facts = FileFacts(
        name=upload.file_name,
        file_hash=hash_file(path),
        rows=reading.rows,
        refused=reading.refused,
        has_drafts=reading.has_drafts,
        first_at=reading.first_at,
    )
    with transaction.atomic():
        # Of two who press the button at once, the second waits here for the first.
        begun = HistoryUpload.objects.select_for_update(of=("self",)).select_related("run").get(pk=upload.pk).run
        if begun is not None:
            return begun
        run = open_run(actor, facts, wanted, boundary)
        upload.run, upload.reading = run, reading.as_json()
        upload.save(update_fields=["run", "reading"])
        continue_backtest_now.enqueue(run.pk)
    return run


def go_on_with_run(run: BacktestRun) -> None:
    """Let a run that stopped at an error, or that nobody works on any more, go on where it stood."""
    with transaction.atomic():
        is_open = BacktestRun.objects.filter(pk=run.pk).exclude(state="done").update(state="running", message="")
        if is_open and not is_run_under_way(run):
            continue_backtest_now.enqueue(run.pk)


def discard_upload(actor: Actor, upload: HistoryUpload) -> None:
    """Forget an uploaded file of which no backtest was made."""
    with transaction.atomic():
        gone, _ = HistoryUpload.objects.filter(pk=upload.pk, run=None).delete()
        if gone:
            record_act(actor, Act.HISTORY_DISCARDED, upload.file_name)
    if gone:
        shutil.rmtree(_folder_of(upload.token), ignore_errors=True)


def write_refused_file(upload: HistoryUpload) -> Path:
    """Write the rows that were left out beside the file, each with line, reason and remedy; return where."""
    path = get_file(upload)
    schemas = NO_SCHEMAS if upload.reading is None else get_reading(upload).schemas
    return write_refused_rows(path, list_refused_rows(path, mapping_of(upload), schemas))


def mapping_of(upload: HistoryUpload) -> ColumnMapping:
    """Which columns the person named."""
    return ColumnMapping(input_columns=tuple(upload.input_columns), output_columns=tuple(upload.output_columns))


def get_reading(upload: HistoryUpload) -> FileReading:
    """What was read from an upload. Raises UploadGone where nothing was."""
    if upload.reading is None:
        raise UploadGone(f"The file {upload.file_name} was not read to its end. Upload it again.")
    return parse_reading(upload.reading)


def get_file(upload: HistoryUpload) -> Path:
    """Where an uploaded file lies. Raises UploadGone."""
    path = _folder_of(upload.token) / upload.file_name
    if not path.is_file():
        raise UploadGone(f"The file {upload.file_name} is no longer in the data folder. Upload it again.")
    return path


def prepare_file_of_run(run: BacktestRun) -> PreparedFile:
    """Read the uploaded file behind a run, as it was read when the run began. Raises UploadGone."""
    upload = HistoryUpload.objects.filter(run=run).first()
    if upload is None:
        raise UploadGone(f"The file {run.file_name} was not uploaded here. Give the command again that began this.")
    return prepare_file(get_file(upload), mapping_of(upload), get_reading(upload).schemas)


def make_safe_name(name: str) -> str:
    """A file name that can stand in any folder, from one that anybody may have chosen; its ending is kept."""
    plain = "".join(sign if sign.isprintable() and sign not in '/\\:*?"<>|' else "_" for sign in name).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending.encode()) > 10:
        stem, ending = plain, ""
    short = stem.encode()[:_MOST_NAME_BYTES].decode(errors="ignore").strip(" .") or "history"
    return f"{short}.{ending}" if ending else short


def _read_soon(upload: HistoryUpload) -> None:
    upload.state, upload.message = UploadState.READING, ""
    with transaction.atomic():
        upload.save()
        if upload.size_bytes > READ_AT_ONCE_BYTES:
            read_upload_now.enqueue(upload.pk)
            return
    _read(upload)


def _read(upload: HistoryUpload) -> None:
    upload.reading = None
    try:
        reading = read_file(get_file(upload), mapping_of(upload))
    except ColumnsUnclear as unclear:
        is_hopeless = len(unclear.columns) < 2
        upload.state = UploadState.REFUSED if is_hopeless else UploadState.UNCLEAR
        upload.message = str(unclear) if is_hopeless else ""
    except (HistoryFileError, UploadGone) as refusal:
        upload.state, upload.message = UploadState.REFUSED, str(refusal)
    else:
        upload.reading = reading.as_json()
        upload.message = _find_obstacle(upload.file_name, reading)
        upload.state = UploadState.REFUSED if upload.message else UploadState.READ
    upload.save()


def _find_obstacle(file_name: str, reading: FileReading) -> str:
    if reading.rows + reading.refused > MOST_ROWS:
        return describe_too_many_rows(file_name)
    return "" if reading.rows else f"{file_name} has no row that can be used."


def _fit_to_boundary(upload: HistoryUpload, boundary: Boundary, *, left_out: int) -> FileReading:
    reading = get_reading(upload)
    wanted = Schemas(input=boundary.input_schema, output=boundary.output_schema)
    if wanted == reading.schemas:
        return reading
    for side, before, after in (
        ("input", reading.schemas.input, wanted.input),
        ("output", reading.schemas.output, wanted.output),
    ):
        lost = list_lost_fields(before, after)
        if lost:
            raise BoundaryRefused(side, _describe_lost_fields(lost))
    fitted = fit_reading(get_file(upload), mapping_of(upload), reading, wanted)
    if not fitted.rows:
        first = fitted.refused_samples[0]
        raise BoundaryRefused("output", f"No row of the file fits. Line {first.line}: {first.reason}; {first.remedy}.")
    if fitted.refused and fitted.refused != left_out:
        raise MoreLeftOut(fitted)
    return fitted


def _describe_lost_fields(lost: Sequence[str]) -> str:
    return (
        f"The file has {', '.join(lost[:10])}, which you took out or renamed here. Put it back under its name in the "
        "file, or leave its column out under “Choose the columns”."
    )


def _refuse_taken_name(actor: Actor, upload: HistoryUpload, name: str) -> None:
    if upload.run_id is not None or not Workflow.objects.filter(name=name).exists():
        return
    whose = "You have" if visible_workflows(actor).filter(name=name).exists() else "Somebody else here has"
    raise BoundaryRefused("name", f"{whose} a workflow named '{name}' already. Choose another name.")


def _drop_forgotten_uploads(actor: Actor) -> None:
    """Keep the disk from filling: a person's oldest uploads that became nothing, and pieces of broken-off uploads."""
    forgotten = HistoryUpload.objects.filter(uploaded_by_id=actor.user_id, run=None).order_by("-pk")
    for upload in forgotten[MOST_WAITING_UPLOADS:]:
        discard_upload(actor, upload)
    before = (timezone.now() - LEFT_OVER_AFTER).timestamp()
    for piece in _list_pieces(Path(settings.UPLOADS_FOLDER)):
        if piece.stat().st_mtime < before:
            piece.unlink(missing_ok=True)


def _list_pieces(folder: Path) -> Sequence[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_file()]


def _folder_of(token: str) -> Path:
    return Path(settings.UPLOADS_FOLDER) / token
