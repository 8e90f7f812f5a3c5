"""What a job came to, for the program that ran it: whether to use the output now or to wait for a person."""

from dataclasses import dataclass, field

from teachback.json_types import JsonObject
from teachback.reviewed import WAITING, Decision, DecisionSource
from teachback.routing import Routing
from teachback.vocabulary import JobStatus, RoutingKind

_USABLE = (RoutingKind.AUTO, RoutingKind.AUDIT, RoutingKind.OBSERVED)


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """A job that has ended."""

    id: str
    status: JobStatus
    output: JsonObject | None  # after the rules of the release; None unless the status is finished
    returned: object = None  # what the function itself returned
    hand_back_reason: str = ""
    confidence: float | None = None
    routing: Routing
    release_number: int = 0  # 0: no release was known
    source: DecisionSource | None = field(default=None, repr=False, compare=False)

    @property
    def may_be_used(self) -> bool:
        """Whether to use the output now; where not, a person decides first."""
        return self.output is not None and self.routing.kind in _USABLE

    def wait_for_review(self, *, timeout_seconds: float) -> Decision:
        """Wait for a person's decision, at most so long. An output that may be used now is decided at once.

        Never raises: where the time is over, or nothing is configured, `is_decided` is False.
        """
        if self.may_be_used:
            return Decision(is_final=True, output=self.output)
        return self.source.wait(timeout_seconds) if self.source else WAITING

    async def wait_for_review_async(self, *, timeout_seconds: float) -> Decision:
        """The same for asyncio."""
        if self.may_be_used:
            return Decision(is_final=True, output=self.output)
        return await self.source.wait_async(timeout_seconds) if self.source else WAITING
