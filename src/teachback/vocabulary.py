"""The fixed words of Teachback as enums: one word per idea, the same in table, URL, class and button."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    FINISHED = "finished"
    HANDED_BACK = "handed_back"
    FAILED = "failed"


class RoutingKind(StrEnum):
    """What happens to a job that has ended."""

    AUTO = "auto"  # used without waiting
    AUDIT = "audit"  # used, and reviewed too
    REVIEW = "review"  # waits for a person
    OBSERVED = "observed"  # was used before we saw it


class StepKind(StrEnum):
    """What kind of thing an agent did."""

    MODEL = "model"
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    HAND_OFF = "hand_off"
    OTHER = "other"


class Lever(StrEnum):
    """The one part of a release that a change may differ in."""

    INSTRUCTIONS = "instructions"
    EXAMPLES = "examples"
    RULES = "rules"
    CHECKS = "checks"
    APPROVAL = "approval"
    TOOLS = "tools"
    MODEL = "model"


class ReviewVerdict(StrEnum):
    """One person's decision on a job."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"
    ESCALATED = "escalated"


class GateVerdict(StrEnum):
    """What the statistical test of a change could show."""

    PROVEN = "proven"
    NOT_WORSE = "not worse"
    CANNOT_TELL = "cannot tell"
    HARMFUL = "harmful"


class Cause(StrEnum):
    """Why the same correction keeps coming back."""

    INSTRUCTIONS = "instructions"
    SOURCE_DATA = "source_data"
    TOOL = "tool"
    MISSING_APPROVAL = "missing_approval"
    UNCLEAR_CRITERIA = "unclear_criteria"
    MODEL = "model"
    UNRESOLVED = "unresolved"


class PatternState(StrEnum):
    """How a pattern is doing."""

    NEW = "new"
    GROWING = "growing"
    RESOLVED = "resolved"
    REGRESSED = "regressed"
    IGNORED = "ignored"
