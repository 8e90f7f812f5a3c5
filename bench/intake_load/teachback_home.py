"""Makes a fresh Teachback with one workflow and a key, ready to be started and sent to."""

import os
import subprocess
import sys
from pathlib import Path

from intake_load.readable import SqliteSpans
from intake_load.servers import TEACHBACK, Server, find_free_port

WORKFLOW = "front-desk"
_OPEN_WORKFLOW = f"""
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import open_workflow
from teachback_server.workflows.boundary import Boundary
text = {{"type": "object", "properties": {{"text": {{"type": "string"}}}}}}
open_workflow(SYSTEM, Boundary(name="{WORKFLOW}", title="Front desk", input_schema=text, output_schema=text,
                               finished_means="The guest has an answer."))
"""


def make_teachback(folder: Path) -> Server:
    """Teachback as `teachback up` starts it, on SQLite."""
    home, port = folder / "home", find_free_port()
    variables = {"TEACHBACK_HOME": str(home)}
    return Server(
        name="teachback",
        command=(*TEACHBACK, "up", "--port", str(port)),
        variables=variables,
        port=port,
        is_up_path="/sign-in",
        headers={"Authorization": f"Bearer {open_home(variables)}"},
        spans=SqliteSpans(
            path=home / "traces.sqlite3",
            count_sql="SELECT count(*) FROM step",
            keys_sql="SELECT trace_id, span_id FROM step",
        ),
        log_path=folder / "server.log",
    )


def open_home(variables: dict[str, str]) -> str:
    """Make the data folder, open the workflow in it, and return a key with which to send to it."""
    settings = {"DJANGO_SETTINGS_MODULE": "teachback_server.project.settings"}
    environment = {**os.environ, **variables, **settings}
    for command in (
        ("teachback_server.commands.child", "prepare"),
        ("django", "shell", "-v", "0", "-c", _OPEN_WORKFLOW),
    ):
        subprocess.run((sys.executable, "-m", *command), env=environment, check=True)
    made = subprocess.run(
        (*TEACHBACK, "key", "create", "--workflow", WORKFLOW, "--scope", "jobs"),
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return made.stdout.strip()
