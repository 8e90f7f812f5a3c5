"""Asks the server what became of a job, and waits for the person who decides it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlencode

from teachback.json_types import Json, JsonObject
from teachback.wire.http_calls import CallFailed, call_server

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_SHORTEST_ASKING_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of a job, as far as it is known."""

    is_final: bool  # whether `output` may be used: a person stood behind it, or it skipped review
    output: JsonObject | None  # what to use; None while the job waits, or where it was rejected or escalated
    verdict: str = ""  # accepted, corrected, rejected or escalated; empty: no person has decided
    reason: str = ""
    note: str = ""
    reviewer: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether nobody needs to wait any longer: a person decided, or the output skipped review."""
        return self.is_final or bool(self.verdict)


WAITING = Decision(is_final=False, output=None)


@dataclass(frozen=True, kw_only=True)
class DecisionSource:
    """Where the decision on one job can be asked for."""

    base_url: str
    key: str
    workflow_name: str
    job_id: str
    timeout_seconds: float
    hurry: Callable[[], None]  # sends the job itself, if it still waits for company

    def find_decision(self, most_seconds: float) -> Decision:
        """Ask once; WAITING where the server does not answer in time or does not know the job yet.

        However short the time, the server gets a second to answer: else a question with no time to wait has no sense.
        """
        address = f"{self.base_url}/api/v1/workflows/{quote(self.workflow_name, safe='')}/jobs/find"
        try:
            answer = call_server(
                "GET",
                f"{address}?{urlencode({'id': self.job_id})}",
                headers={"Authorization": f"Bearer {self.key}"},
                timeout_seconds=min(self.timeout_seconds, max(most_seconds, _SHORTEST_ASKING_SECONDS)),
            )
            content = json.loads(answer.body) if answer.status == HTTPStatus.OK else None
        except (CallFailed, ValueError):
            return WAITING
        return parse_decision(content) if isinstance(content, dict) else WAITING

    def wait(self, timeout_seconds: float) -> Decision:
        """Ask until a person has decided or the time is over."""
        deadline, pause = time.monotonic() + timeout_seconds, _FIRST_PAUSE_SECONDS
        self.hurry()
        while not (decision := self.find_decision(deadline - time.monotonic())).is_decided:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        return decision

    async def wait_async(self, timeout_seconds: float) -> Decision:
        """The same without holding up the event loop."""
        import asyncio  # noqa: PLC0415  # 0.1 s of CPU that a program without an event loop need not spend

        deadline, pause = time.monotonic() + timeout_seconds, _FIRST_PAUSE_SECONDS
        self.hurry()
        while not (decision := await asyncio.to_thread(self.find_decision, deadline - time.monotonic())).is_decided:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        return decision


def parse_decision(job: Mapping[str, Json]) -> Decision:
    """Read a job as `GET …/jobs/find` and the webhook give it; what is absent counts as not decided."""
    review, output = job.get("review"), job.get("final_output")
    said: Mapping[str, Json] = review if isinstance(review, Mapping) else {}
    return Decision(
        is_final=job.get("is_final") is True,
        output=output if isinstance(output, Mapping) else None,
        verdict=_text(said, "verdict"),
        reason=_text(said, "reason"),
        note=_text(said, "note"),
        reviewer=_text(said, "reviewer"),
    )


def _text(values: Mapping[str, Json], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""
