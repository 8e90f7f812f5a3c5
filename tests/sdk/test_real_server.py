"""The SDK against the real product: the release arrives, jobs are there with their routing, decisions come back."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import teachback
from servers import RunningServer, environment, run_teachback, start_server, wait_until
from teachback.vocabulary import RoutingKind

pytestmark = pytest.mark.slow  # it starts the whole product
TESTS = Path(__file__).parent.parent
inbox = teachback.workflow("support-inbox")


@dataclass(frozen=True, kw_only=True)
class Product:
    """A running server with a workflow that has earned autonomy."""

    server: RunningServer
    home: Path
    key: str

    def run_script(self, name: str, *arguments: str) -> None:
        """Run a script of this folder on the data of the server."""
        run_script(self.home, name, *arguments)

    def find_job(self, job_id: str) -> dict[str, Any]:
        """A job as the server's API tells it; empty while it is not there."""
        address = f"{self.server.address}/api/v1/workflows/support-inbox/jobs/find?id={job_id}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.key}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as problem:
            assert problem.code == 404
            return {}


def run_script(home: Path, name: str, *arguments: str) -> str:
    settings = {"PYTHONPATH": str(TESTS), "DJANGO_SETTINGS_MODULE": "teachback_server.project.settings"}
    command = [sys.executable, str(TESTS / "sdk" / name), *arguments]
    ended = subprocess.run(command, env=environment(home, **settings), check=True, capture_output=True, text=True)
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    home = tmp_path_factory.mktemp("product") / "home"
    run_teachback("worker", "--until-idle", home=home)
    key = run_script(home, "seed_desk.py")
    with start_server("up", home) as server:
        yield Product(server=server, home=home, key=key)


@pytest.fixture
def connected(product: Product, tmp_path: Path) -> Iterator[Product]:
    teachback.configure(
        url=product.server.address, key=product.key, home=tmp_path, batch_seconds=0.05, release_seconds=0.5
    )
    assert inbox.load_release(timeout_seconds=60)
    yield product
    teachback.configure(url="", key="", home=None)


@teachback.tool("find order", has_side_effects=False)
def find_order(number: str) -> dict[str, str]:
    return {"number": number, "state": "shipped"}


def triage(ticket: dict[str, str]) -> tuple[dict[str, str], float]:
    with teachback.step("read it", kind="model") as step:
        step.model, step.input_tokens, step.output_tokens, step.cost_usd = "small", 120, 30, 0.002
        find_order("A1")
    return {"queue": "delivery"}, float(ticket.get("sure", "0.5"))


def wait_for(product: Product, job_id: str, is_so: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
    wait_until(lambda: is_so(product.find_job(job_id)), f"the job {job_id} on the server")
    return product.find_job(job_id)


def test_the_release_of_the_server_is_the_one_that_the_agent_works_under(connected: Product) -> None:
    release = inbox.release
    assert (release.number, release.instructions, release.approval.threshold) == (2, "Read all of it.", 0.8)
    assert len(release.examples) == 120
    assert release.nearest_examples({"text": "parcel 77"}, 1)[0].input == {"text": "Where is my parcel 77?"}


def test_jobs_are_there_with_the_routing_that_the_agent_was_told(connected: Product) -> None:
    for job_id, sure, kind in (("sure-1", "0.95", RoutingKind.AUTO), ("unsure-1", "0.5", RoutingKind.REVIEW)):
        result = inbox.run(triage, {"text": "Where is my order A1?", "sure": sure}, id=job_id)
        assert result.routing.kind is kind
        job = wait_for(connected, job_id)
        assert (job["status"], job["output"], job["release"]) == ("finished", {"queue": "delivery"}, 2)
        assert job["confidence"] == float(sure)
        assert job["routing"] == {
            "kind": kind.value,
            "reason": result.routing.reason,
            "probability": pytest.approx(result.routing.probability),
        }
        assert job["waits_for_review"] is (kind is RoutingKind.REVIEW)
        assert job["is_final"] is result.may_be_used


def test_a_call_that_was_used_at_once_is_observed_and_a_hand_back_waits(connected: Product) -> None:
    assert inbox.job(id=lambda ticket: "observed-1")(lambda ticket: {"queue": "billing"})({"text": "x"})

    def give_up(ticket: dict[str, str]) -> None:
        teachback.hand_back("There is no order number.")

    inbox.run(give_up, {"text": "y"}, id="handed-back-1")
    assert wait_for(connected, "observed-1")["routing"]["kind"] == "observed"
    job = wait_for(connected, "handed-back-1")
    assert (job["status"], job["hand_back_reason"]) == ("handed_back", "There is no order number.")
    assert (job["output"], job["waits_for_review"]) == (None, True)


def test_a_persons_decision_and_the_next_steps_word_find_their_job(connected: Product) -> None:
    result = inbox.run(triage, {"text": "Where is my order A2?"}, id="unsure-2")
    wait_for(connected, "unsure-2")
    connected.run_script("decide_job.py", "unsure-2")
    decision = result.wait_for_review(timeout_seconds=60)
    assert (decision.verdict, decision.output, decision.reviewer) == ("corrected", {"queue": "returns"}, "bob")
    teachback.outcome("support-inbox", "unsure-2", used=True, worth_usd=3.5)
    wait_for(connected, "unsure-2", lambda job: job["outcome"] is not None)
    assert connected.find_job("unsure-2")["outcome"]["used"] is True
