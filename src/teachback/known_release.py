"""The release as an agent works under it: its levers, its examples, and the decision about one job's result."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from teachback.json_types import Json, JsonObject, content_hash
from teachback.nearest import WordIndex
from teachback.release_document import Approval, Check, ReleaseDocument, Rule, parse_release_document
from teachback.routing import AutonomyState, Routing, decide_routing, draw_uniform
from teachback.split import Split, split_of
from teachback.vocabulary import JobStatus, RoutingKind


class ReleaseUnreadable(ValueError):
    """What came as a release is not one, or not the one that it says it is."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A reviewed job: an input and the output that a person stood behind."""

    input: JsonObject
    output: JsonObject

    @property
    def content_hash(self) -> str:
        """The name of exactly this input with this output."""
        return content_hash({"input": self.input, "output": self.output})


@dataclass(frozen=True, kw_only=True)
class Autonomy:
    """What lets results skip review now: counts and switches that the server hands out with a release."""

    valid_until: datetime | None = None  # None: nothing skips review
    lapses_at: float | None = None  # the same moment by the process's own clock, which nobody can set back
    is_early: bool = True  # few jobs skipped review under it so far, so more of them are audited
    earning_release: str = ""  # a release that earns its autonomy: every test case is reviewed for it
    salt: str = ""  # of the draws, so that server and SDK draw alike


@dataclass(frozen=True, kw_only=True)
class Release:
    """All levers of a workflow at one moment. Where none is known yet, all of them are empty."""

    document: ReleaseDocument
    number: int = 0  # 0: no release is known
    content_hash: str = ""
    input_schema: JsonObject = field(default_factory=dict)
    output_schema: JsonObject = field(default_factory=dict)
    autonomy: Autonomy = field(default_factory=Autonomy)
    examples: Sequence[Example] = ()

    @property
    def is_known(self) -> bool:
        """Whether this came from the server. Where not, every job waits for a person."""
        return self.number > 0

    @property
    def instructions(self) -> str:
        """What the agent is told."""
        return self.document.instructions

    @property
    def rules(self) -> Sequence[Rule]:
        """Conditions that change, hold or hand back a result."""
        return self.document.rules

    @property
    def checks(self) -> Sequence[Check]:
        """What an output must meet before it may skip review."""
        return self.document.checks

    @property
    def approval(self) -> Approval:
        """Which results may skip review, and what certified that."""
        return self.document.approval

    @property
    def model(self) -> JsonObject:
        """The model and its settings, as the workflow's owner wrote them."""
        return self.document.model

    @property
    def tools(self) -> JsonObject:
        """The tools and their settings, as the workflow's owner wrote them."""
        return self.document.tools

    def nearest_examples(self, input: JsonObject, most: int = 5) -> Sequence[Example]:
        """The examples whose inputs share the most words with this one, the most alike first."""
        return [self.examples[place] for place in self._index.find_nearest(input, most)]

    def prepare(self) -> None:
        """Make what the first question for examples would have to wait for."""
        self._index.find_nearest({}, 1)

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex([example.input for example in self.examples])


def unknown_release(workflow_name: str) -> Release:
    """What a workflow works under until the server has said more."""
    return Release(document=ReleaseDocument(workflow=workflow_name))


def parse_release(answer: Mapping[str, Json], examples: Sequence[Example] = ()) -> Release:
    """Read the answer of `GET …/release`. Raises ReleaseUnreadable."""
    values: dict[str, object] = dict(answer)
    try:
        document = parse_release_document(_object(values["document"]))
        until = values["valid_until"]
        release = Release(
            document=document,
            number=int(str(values["number"])),
            content_hash=str(values["content_hash"]),
            input_schema=_object(values["input_schema"]),
            output_schema=_object(values["output_schema"]),
            autonomy=Autonomy(
                valid_until=None if until is None else datetime.fromisoformat(str(until)),
                is_early=values["is_early"] is not False,
                earning_release=str(values["earning_release"]),
                salt=str(values["salt"]),
            ),
            examples=tuple(examples),
        )
        is_genuine = document.content_hash == release.content_hash
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ReleaseUnreadable(f"The release cannot be read: {type(problem).__name__}: {problem}") from problem
    if not is_genuine or (release.autonomy.valid_until is not None and release.autonomy.valid_until.tzinfo is None):
        raise ReleaseUnreadable("The release is not the one that it says it is: its content has another hash.")
    return release


def route_result(
    release: Release,
    *,
    job_id: str,
    group: str,
    get_input: Callable[[], JsonObject],
    status: JobStatus,
    confidence: float | None,
    wants_review: str,
    now: datetime | None = None,
) -> Routing:
    """Decide what happens to one result, as the server would with the same release and the same numbers."""
    autonomy = release.autonomy
    is_lapsed = autonomy.lapses_at is not None and time.monotonic() >= autonomy.lapses_at
    is_on = autonomy.valid_until is not None and (now or datetime.now(UTC)) < autonomy.valid_until and not is_lapsed
    is_good = status is JobStatus.FINISHED and not wants_review
    if is_good and not release.is_known:
        return _review("No release is known here, so everything is reviewed.")
    if is_good and autonomy.valid_until is not None and not is_on:
        return _review("This copy of the release is too old to skip review: the server was out of reach for too long.")
    approval = release.approval
    return decide_routing(
        status=status,
        confidence=confidence,
        wants_review=wants_review,
        approval=approval,
        autonomy=AutonomyState(
            is_on=is_on,
            auto_jobs_so_far=0 if autonomy.is_early else approval.early_audit_jobs,
            reviews_test_cases=bool(autonomy.earning_release),
            earning_release=autonomy.earning_release,
        ),
        is_test_case=is_on and bool(autonomy.earning_release) and _is_test_case(autonomy, group, get_input),
        draw=draw_uniform(autonomy.salt, job_id),
    )


def _is_test_case(autonomy: Autonomy, group: str, get_input: Callable[[], JsonObject]) -> bool:
    return split_of(group or content_hash(get_input()), autonomy.salt) is Split.GATE


def _review(reason: str) -> Routing:
    return Routing(kind=RoutingKind.REVIEW, reason=reason, probability=1.0)


def _object(value: object) -> JsonObject:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} stands where an object belongs")
    return value
