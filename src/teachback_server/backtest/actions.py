"""What may happen to a backtest before it runs: its file is prepared, and its workflow is made."""

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from teachback.json_types import Json, JsonObject, content_hash
from teachback_server.backtest.clock import find_first_moment
from teachback_server.backtest.models import BacktestRun
from teachback_server.backtest.reading import NO_SCHEMAS, Schemas
from teachback_server.backtest.suggesting import FINISHED_MEANS
from teachback_server.jobs.boundary_fit import fit_rows
from teachback_server.jobs.history_file import read_history
from teachback_server.jobs.history_row import ColumnMapping, HistoryFileError, HistoryRow, RefusedRow
from teachback_server.jobs.refused_rows import write_refused_rows
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.releases.actions import open_workflow
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.inference import infer_boundary
from teachback_server.workflows.models import Workflow

MOST_ROWS = 500_000  # all are held at once, at about 1.6 kB each besides their texts


class BacktestRefused(ValueError):
    """A backtest cannot start. The message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class BacktestSettings:
    """How a file goes through the loop; `review` is all (people look at everything) or policy (autonomy is earned)."""

    workflow: str
    agent: str = ""  # empty: recorded where the file has drafts, otherwise local
    seed: int | None = None
    review: str = "policy"
    input_columns: tuple[str, ...] = ()
    output_columns: tuple[str, ...] = ()
    error_limit: float = 0.05
    certainty: float = 0.90
    hand_back_cost: float = 0.5

    def as_json(self) -> dict[str, Json]:
        """The settings as plain JSON values, as they are stored with the run."""
        return {**asdict(self), "input_columns": list(self.input_columns), "output_columns": list(self.output_columns)}

    @property
    def mapping(self) -> ColumnMapping:
        """Which columns of the file are input and output."""
        return ColumnMapping(input_columns=self.input_columns, output_columns=self.output_columns)


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What a run remembers of its file."""

    name: str
    file_hash: str
    rows: int  # that can be used
    refused: int
    has_drafts: bool  # a machine's proposals stand beside the final answers
    first_at: datetime  # no row arrived before


@dataclass(frozen=True, kw_only=True)
class PreparedFile:
    """A file that was read to its end: the rows that can be used and those that cannot."""

    path: Path
    file_hash: str
    rows: list[HistoryRow]
    schemas: Schemas  # to which the rows fit
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def facts(self) -> FileFacts:
        """The file without its rows."""
        return FileFacts(
            name=self.path.name,
            file_hash=self.file_hash,
            rows=len(self.rows),
            refused=len(self.refused),
            has_drafts=any(row.draft is not None for row in self.rows),
            first_at=find_first_moment(self.rows),
        )


def prepare_file(path: Path, mapping: ColumnMapping, schemas: Schemas | None = None) -> PreparedFile:
    """Read a history file; refused rows are written beside it with their reasons. Raises HistoryFileError.

    Rows that do not fit the schemas are refused too; without schemas, those that the file suggests.
    """
    read = list(islice(read_history(path, mapping), MOST_ROWS + 1))
    if len(read) > MOST_ROWS:
        raise HistoryFileError(describe_too_many_rows(path.name))
    schemas = schemas or _infer_schemas([row for row in read if isinstance(row, HistoryRow)])
    rows: list[HistoryRow] = []
    refused: list[RefusedRow] = []
    for row in fit_rows(read, input_schema=schemas.input, output_schema=schemas.output):
        if isinstance(row, HistoryRow):
            rows.append(row)
        else:
            refused.append(row)
    if refused:
        write_refused_rows(path, refused)
    return PreparedFile(path=path, file_hash=hash_file(path), rows=rows, schemas=schemas, refused=refused)


def describe_too_many_rows(file_name: str) -> str:
    """Why a file is too long for a backtest, and what to do."""
    return (
        f"{file_name} has more than {MOST_ROWS:,} rows, the most that a backtest takes. Give a shorter time, such as "
        "one month, or only every tenth row."
    )


def start_backtest(
    actor: Actor, prepared: PreparedFile, wanted: BacktestSettings, *, boundary: Boundary | None = None
) -> BacktestRun:
    """Make the workflow of a backtest and its run, or find the run that the same file and settings began before.

    The boundary is inferred from the file unless one is given. Raises BacktestRefused.
    """
    if not prepared.rows:
        raise BacktestRefused(
            f"{prepared.path.name} has no row that can be used. See the reasons beside each refused row."
        )
    known = BacktestRun.objects.filter(workflow__name=wanted.workflow).select_related("workflow").first()
    if known is not None:
        _refuse_other_run(known, prepared, wanted)
        return known
    if Workflow.objects.filter(name=wanted.workflow).exists():
        raise BacktestRefused(
            f"A workflow named '{wanted.workflow}' exists already and did not come from a backtest. "
            "Choose another name with --workflow."
        )
    return open_run(actor, prepared.facts, wanted, boundary or boundary_of_file(prepared, wanted))


def open_run(actor: Actor, facts: FileFacts, wanted: BacktestSettings, boundary: Boundary) -> BacktestRun:
    """Make the workflow of a backtest with its run, which waits to be continued. Raises as `open_workflow` does.

    Its release 1 is dated by the history, before the first job that runs under it.
    """
    agent = wanted.agent or ("recorded" if facts.has_drafts else "local")
    with transaction.atomic():
        workflow, _ = open_workflow(actor, boundary, agent=agent, salt=_salt(facts, wanted), at=facts.first_at)
        run = BacktestRun.objects.create(
            workflow=workflow,
            file_name=facts.name,
            file_hash=facts.file_hash,
            settings=wanted.as_json(),
            total=facts.rows,
            refused=facts.refused,
            state="running",
            started_at=timezone.now(),
        )
        record_act(actor, Act.BACKTEST_STARTED, facts.name, workflow_id=workflow.pk)
    return run


def settings_of(run: BacktestRun) -> BacktestSettings:
    """The settings that a run was started with."""
    stored = run.settings
    columns = {name: tuple(stored[name]) for name in ("input_columns", "output_columns")}
    return BacktestSettings(**{**stored, **columns})


def note_failure(run: BacktestRun, message: str) -> None:
    """Say on the run's page why it cannot go on."""
    run.state, run.message = "failed", message[:500]
    run.save(update_fields=["state", "message"])


def boundary_of_file(prepared: PreparedFile, wanted: BacktestSettings) -> Boundary:
    """The boundary that a file suggests, with the limits that the person asked for."""
    return Boundary(
        name=wanted.workflow,
        title=wanted.workflow.replace("-", " ").replace("_", " ").capitalize(),
        input_schema=prepared.schemas.input,
        output_schema=prepared.schemas.output,
        finished_means=FINISHED_MEANS,
        error_limit=wanted.error_limit,
        certainty=wanted.certainty,
        hand_back_cost=wanted.hand_back_cost,
    )


def _infer_schemas(rows: list[HistoryRow]) -> Schemas:
    if not rows:
        return NO_SCHEMAS
    inferred = infer_boundary([row.input for row in rows], [row.output for row in rows])
    return Schemas(input=inferred.input_schema, output=inferred.output_schema)


def _refuse_other_run(known: BacktestRun, prepared: PreparedFile, wanted: BacktestSettings) -> None:
    if known.file_hash != prepared.file_hash:
        raise BacktestRefused(
            f"The workflow '{wanted.workflow}' holds a backtest of another file ({known.file_name}). "
            "Choose another name with --workflow."
        )
    stored, asked = known.settings, wanted.as_json()
    differing = sorted(name for name in asked if stored.get(name) != asked[name])
    if differing:
        raise BacktestRefused(
            f"The workflow '{wanted.workflow}' holds a backtest of this file with other settings "
            f"({', '.join(differing)}). Give the same ones to continue it, or choose another name with --workflow."
        )


def _salt(facts: FileFacts, wanted: BacktestSettings) -> str:
    """From file and seed alone, so that the same command ends the same on every machine."""
    seed: JsonObject = {"file": facts.file_hash, "seed": wanted.seed}
    return content_hash(seed)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
