"""Makes a fresh Teachback with people who review and jobs that wait, for the benchmarks of the desk."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from intake_load.readable import QueriedSpans
from intake_load.servers import Server, find_free_port
from intake_load.teachback_home import find_tables

WORKFLOW = "front-desk"
PASSWORD = "four words in a row"  # noqa: S105 — of people who exist for a benchmark only
_SEED = """
import sys
from datetime import UTC, datetime, timedelta
from teachback.vocabulary import JobStatus
from teachback_server.agents.protocol import AgentResult
from teachback_server.jobs.actions import Arrival
from teachback_server.jobs.actions import JobSource, record_ended_jobs
from teachback_server.people.actions import choose_password
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import User
from teachback_server.releases.actions import open_workflow
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role
from teachback_server.workflows.boundary import Boundary
people, jobs = {people}, {jobs}
shape = {{"type": "object", "properties": {{"text": {{"type": "string"}}}}}}
answer = {{"type": "object", "properties": {{"queue": {{"type": "string"}}, "note": {{"type": "string"}}}},
          "required": ["queue"]}}
workflow, _ = open_workflow(SYSTEM, Boundary(name="{workflow}", title="Front desk", input_schema=shape,
                                             output_schema=answer))
for number in range(people):
    user = User.objects.create(username=f"reviewer-{{number}}")
    choose_password(user, "{password}")
    give_role(SYSTEM, workflow, user, Role.REVIEWER)
began, live = datetime.now(UTC) - timedelta(days=2), get_live_state(workflow)
for start in range(0, jobs, 5000):
    numbers = range(start, min(start + 5000, jobs))
    arrivals = [Arrival(external_id=f"job-{{n}}", input={{"text": f"Message {{n}}: where is my order A{{n}}?"}},
                        at=began + timedelta(seconds=n)) for n in numbers]
    results = [AgentResult(status=JobStatus.FINISHED, output={{"queue": "billing", "note": f"About order A{{n}}"}},
                           confidence=0.5) for n in numbers]
    record_ended_jobs(SYSTEM, workflow, live, arrivals, results, source=JobSource.AGENT)
"""


def make_desk(folder: Path, *, people: int, jobs: int, database_url: str = "") -> Server:
    """Teachback as `teachback up` starts it, with so many reviewers and so many waiting jobs."""
    port = find_free_port()
    variables = {
        "TEACHBACK_HOME": str(folder / "home"),
        **({"TEACHBACK_DATABASE_URL": database_url} if database_url else {}),
    }
    _seed(variables, people, jobs)
    return Server(
        name="teachback",
        command=(sys.executable, "-m", "teachback_server.cli", "up", "--port", str(port)),
        variables=variables,
        port=port,
        is_up_path="/sign-in",
        headers={},
        spans=QueriedSpans(read=find_tables(folder, database_url).traces, count_sql="SELECT 0", keys_sql=""),
        log_path=folder / "server.log",
    )


def _seed(variables: Mapping[str, str], people: int, jobs: int) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "teachback_server.project.settings"}
    environment = {**os.environ, **variables, **settings, "TEACHBACK_SQLITE_SYNCHRONOUS": "NORMAL"}
    seed = _SEED.format(people=people, jobs=jobs, workflow=WORKFLOW, password=PASSWORD)
    for module in (
        ("teachback_server.commands.child", "prepare"),
        ("django", "shell", "-v", "0", "-c", seed),
    ):
        subprocess.run((sys.executable, "-m", *module), env=environment, check=True)
