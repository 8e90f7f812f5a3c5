"""The whole product on other databases than SQLite: processes of its own, a backtest, the desk, traces."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from histories import make_rows, write_jsonl
from otlp_requests import asked, make_request, make_span
from postgres import make_database
from servers import RunningServer, run_teachback, start_server, wait_until

TESTS = Path(__file__).parent.parent
# Where the most is written, and all that relies on one write at a time.
ON_POSTGRESQL = (
    "stores/test_races.py",
    "stores/test_kept_values.py",
    "jobs/test_actions.py",
    "jobs/test_api.py",
    "reviews/test_actions.py",
    "reviews/test_equal_jobs.py",
    "reviews/test_pages_jobs.py",
    "reviews/test_passing_on.py",
    "reviews/test_skills.py",
    "releases/test_actions.py",
    "intake",
)
STEPS = [{"name": "Read", "kind": "model", "tokens": 30}, {"name": "Look up", "kind": "tool", "status": "stuck"}]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A data folder together with the databases that it is run with."""

    home: Path
    variables: dict[str, str]


@pytest.fixture(params=["postgresql", "clickhouse"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    """Everything in PostgreSQL; and SQLite with the steps of traces in ClickHouse."""
    if request.param == "postgresql":
        url = make_database(request.getfixturevalue("postgres_url"), "whole")
        variables = {"TEACHBACK_DATABASE_URL": url}
    else:
        variables = {"TEACHBACK_TRACES_URL": request.getfixturevalue("clickhouse_url")}
    return Installation(home=tmp_path / "home", variables=variables)


@pytest.mark.slow
def test_a_backtest_the_desk_and_traces_work_from_end_to_end(installation: Installation, tmp_path: Path) -> None:
    history = write_jsonl(tmp_path / "history.jsonl", make_rows(120))
    figures = tmp_path / "figures.json"
    ask("backtest", str(history), "--workflow", "messages", "--json", str(figures), installation=installation)
    assert json.loads(figures.read_text())["jobs"] == 120
    key = ask("key", "create", "--workflow", "messages", "--scope", "jobs", installation=installation).strip()
    with start_server("up", installation.home, **installation.variables) as server:
        number = give_job(server, key)
        decide_at_desk(server, number)
        send_trace(server, key)
    with start_server("up", installation.home, **installation.variables) as server:
        assert read_job(server, key, "by-hand")["final_output"] == {"queue": "billing"}
        assert read_job(server, key, "f" * 32)["status"] == "finished"


@pytest.mark.slow
def test_the_rooms_work_on_postgresql(postgres_url: str) -> None:
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DJANGO_", "TEACHBACK_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *ON_POSTGRESQL],
        env={**variables, "TEACHBACK_DATABASE_URL": postgres_url},
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-5000:]


def ask(*arguments: str, installation: Installation) -> str:
    """What a command said on its standard output."""
    done = run_teachback(*arguments, home=installation.home, **installation.variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def give_job(server: RunningServer, key: str) -> int:
    """Record a job with two steps; its number."""
    body = {"id": "by-hand", "input": {"message": "You charged me twice."}, "output": {"queue": "billing"}}
    given = httpx.post(
        f"{server.address}/api/v1/workflows/messages/jobs/recorded",
        json={**body, "steps": STEPS, "confidence": 0.1},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert given.status_code in (200, 201), given.text
    return int(given.json()["number"])


def decide_at_desk(server: RunningServer, number: int) -> None:
    """Sign in by the printed link, look at the job with its steps, and accept it."""
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        post_form(browser, server.link, {})
        address = f"{server.address}/workflows/messages/review/{number}"
        page = browser.get(address).text
        assert "Look up" in page
        post_form(browser, address, {"verdict": "accepted", "key": "0" * 32})
        shown = browser.get(f"{server.address}/workflows/messages/jobs/{number}").text
        assert "accepted" in shown
        assert browser.get(f"{server.address}/workflows/messages/results").status_code == 200


def send_trace(server: RunningServer, key: str) -> None:
    """Send a trace, and wait until there is a job of it."""
    span = make_span(int("f" * 32, 16), 1, attributes=asked("Where is it?"))
    sent = httpx.post(
        f"{server.address}/v1/traces",
        content=make_request([span]).SerializeToString(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-protobuf"},
        timeout=60,
    )
    assert sent.status_code == 200, sent.text
    wait_until(lambda: bool(read_job(server, key, "f" * 32)), "the trace to become a job")


def read_job(server: RunningServer, key: str, external_id: str) -> dict[str, object]:
    """What the API says of a job by its sender's id; empty where there is none."""
    answer = httpx.get(
        f"{server.address}/api/v1/workflows/messages/jobs/find",
        params={"id": external_id},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    return dict(answer.json()) if answer.status_code == 200 else {}


def post_form(browser: httpx.Client, address: str, fields: dict[str, str]) -> None:
    """Send a page's own form."""
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(address).text)[0]
    answer = browser.post(address, data={**fields, "csrfmiddlewaretoken": token}, headers={"Referer": address})
    assert answer.status_code == 200, answer.text
