"""The release as one immutable document: every lever of a workflow, content-hashed, the same for SDK and server."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from teachback.json_types import Json, JsonObject, content_hash


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a CEL condition over `input`, `output` and `confidence` holds, do one thing to the job."""

    name: str
    when: str
    action: str  # hand_back, review, set_field or clear_field
    field: str = ""  # the output field of set_field and clear_field
    value: str = ""  # set_field: a CEL expression for the new value
    reason: str = ""  # what a person reads when the rule has acted


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition that an output must meet before it may skip review."""

    name: str
    kind: str  # schema, expression, number_within, one_of or span_of_input
    field: str = ""
    expression: str = ""  # kind expression: CEL that must be true
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Which finished jobs may skip review, what certified that, and how many of them are audited at random."""

    threshold: float | None = None  # the lowest confidence that skips review; None: everything is reviewed
    error_limit: float | None = None  # certified: the share of wrong results among jobs that skip review stays under it
    certainty: float | None = None  # with this probability
    certified_from_jobs: int = 0
    certified_errors: int = 0
    audit_share: float = 0.05
    early_audit_share: float = 0.20  # while fewer than early_audit_jobs skipped review under this release
    early_audit_jobs: int = 500
    valid_hours: float = 24.0  # how long an SDK that lost the server may go on approving


@dataclass(frozen=True, kw_only=True)
class ReleaseDocument:
    """All levers of one workflow at one moment. Two documents with equal content have equal hashes."""

    workflow: str
    agent: str = "local"  # local, recorded, openai:MODEL or python:MODULE:FUNCTION
    instructions: str = ""
    example_hashes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    approval: Approval = field(default_factory=Approval)
    tools: JsonObject = field(default_factory=dict)
    model: JsonObject = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """The document as plain JSON values."""
        return asdict(self)

    @property
    def content_hash(self) -> str:
        """The name of exactly this content: 32 hexadecimal digits."""
        return content_hash(self.as_json())


def parse_release_document(document: Mapping[str, Json]) -> ReleaseDocument:
    """Read a document written by `as_json`. Raises TypeError when a field is unknown or of the wrong type."""
    values: dict[str, Any] = dict(document)  # the classes that are called with its parts say what they take
    values["rules"] = tuple(Rule(**rule) for rule in values.get("rules") or ())
    values["checks"] = tuple(_parse_check(check) for check in values.get("checks") or ())
    values["approval"] = Approval(**(values.get("approval") or {}))
    values["example_hashes"] = tuple(values.get("example_hashes") or ())
    return ReleaseDocument(**values)


def _parse_check(check: Mapping[str, Json]) -> Check:
    return Check(**{**check, "values": tuple(check.get("values") or ())})  # type: ignore[arg-type]
