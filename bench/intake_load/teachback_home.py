"""Makes a fresh Teachback with one workflow and a key, ready to be started, sent to and looked into."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intake_load.batches import SpanKey
from intake_load.postgresql import read_postgresql
from intake_load.readable import QueriedSpans, ReadRows, read_number, read_sqlite
from intake_load.servers import Server, find_free_port
from intake_load.traces import TraceId

WORKFLOW = "front-desk"
_TEACHBACK = (sys.executable, "-m", "teachback_server.cli")
_OPEN_WORKFLOW = f"""
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import open_workflow
from teachback_server.workflows.boundary import Boundary
text = {{"type": "object", "properties": {{"text": {{"type": "string"}}}}}}
open_workflow(SYSTEM, Boundary(name="{WORKFLOW}", title="Front desk", input_schema=text, output_schema=text,
                               finished_means="The guest has an answer."))
"""
# A span counts as readable when its job is there too, and jobs are made before a request is marked as digested.
_COUNT_DIGESTED = """
SELECT count(*) FROM step WHERE request_id <
    coalesce((SELECT min(id) FROM trace_request WHERE digested_at IS NULL), 9223372036854775807)
"""


@dataclass(frozen=True, kw_only=True)
class TeachbackTables:
    """What the benchmarks look at in its databases."""

    traces: ReadRows
    state: ReadRows

    def list_keys_since(self, request_id: int) -> set[SpanKey]:
        """The spans that later requests brought."""
        rows = self.traces(f"SELECT trace_id, span_id FROM step WHERE request_id > {request_id}")
        return {(bytes.fromhex(str(trace)), bytes.fromhex(str(span))) for trace, span in rows}

    def list_job_traces(self) -> set[TraceId]:
        """The traces of which there is a job."""
        return {bytes.fromhex(str(trace)) for (trace,) in self.state("SELECT trace_id FROM job WHERE trace_id <> ''")}

    def find_newest_request(self) -> int:
        """The id of the newest request in the inbox."""
        return read_number(self.traces, "SELECT max(id) FROM trace_request")

    def count_undigested(self) -> int:
        """How many requests wait to be digested."""
        return read_number(self.traces, "SELECT count(*) FROM trace_request WHERE digested_at IS NULL")

    def find_oldest_undigested(self) -> str:
        """When the oldest request that still waits was received, in ISO form; empty: none waits."""
        rows = self.traces("SELECT received_at FROM trace_request WHERE digested_at IS NULL ORDER BY id LIMIT 1")
        return str(rows[0][0]) if rows else ""


def make_teachback(folder: Path, database_url: str = "") -> Server:
    """Teachback as `teachback up` starts it, on SQLite or on the PostgreSQL that is named."""
    port = find_free_port()
    variables = {
        "TEACHBACK_HOME": str(folder / "home"),
        **({"TEACHBACK_DATABASE_URL": database_url} if database_url else {}),
    }
    return Server(
        name="teachback",
        command=(*_TEACHBACK, "up", "--port", str(port)),
        variables=variables,
        port=port,
        is_up_path="/sign-in",
        headers={"Authorization": f"Bearer {_open_home(variables)}"},
        spans=QueriedSpans(
            read=find_tables(folder, database_url).traces,
            count_sql=_COUNT_DIGESTED,
            keys_sql="SELECT trace_id, span_id FROM step",
        ),
        log_path=folder / "server.log",
    )


def find_tables(folder: Path, database_url: str = "") -> TeachbackTables:
    """The tables of the Teachback that was made in this folder."""
    if database_url:
        return TeachbackTables(
            traces=read_postgresql(f"{database_url}?options=-csearch_path%3Dtraces"),
            state=read_postgresql(database_url),
        )
    home = folder / "home"
    return TeachbackTables(
        traces=read_sqlite(home / "traces.sqlite3"),
        state=read_sqlite(home / "state.sqlite3"),
    )


def _open_home(variables: Mapping[str, str]) -> str:
    """Make the data folder, open the workflow in it, and return a key with which to send to it."""
    settings = {"DJANGO_SETTINGS_MODULE": "teachback_server.project.settings"}
    environment = {**os.environ, **variables, **settings}
    for module in (
        ("teachback_server.commands.child", "prepare"),
        ("django", "shell", "-v", "0", "-c", _OPEN_WORKFLOW),
    ):
        subprocess.run((sys.executable, "-m", *module), env=environment, check=True)
    made = subprocess.run(
        (*_TEACHBACK, "key", "create", "--workflow", WORKFLOW, "--scope", "jobs"),
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return made.stdout.strip()
