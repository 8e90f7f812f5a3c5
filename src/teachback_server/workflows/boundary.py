"""The boundary of a workflow as a value: what a job takes in, what it must hand over, and what a mistake costs."""

from dataclasses import dataclass, field

from teachback.json_types import JsonObject


@dataclass(frozen=True, kw_only=True)
class ReasonOption:
    """One entry of the short list of why outputs are changed."""

    code: str
    label: str


DEFAULT_REASONS = (
    ReasonOption(code="wrong_value", label="Wrong value"),
    ReasonOption(code="missing_information", label="Missing information"),
    ReasonOption(code="should_be_empty", label="Should be empty"),
    ReasonOption(code="wrong_choice", label="Wrong choice"),
    ReasonOption(code="handed_back", label="Agent handed it back"),
    ReasonOption(code="against_policy", label="Against policy"),
    ReasonOption(code="typo_or_style", label="Typo or style"),
    ReasonOption(code="other", label="Other"),
)


DEFAULT_OBSERVED_SHARE = 0.10


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """Everything that an owner says about one recurring kind of work. Costs and limits are shares between 0 and 1."""

    name: str
    title: str
    input_schema: JsonObject
    output_schema: JsonObject
    finished_means: str = ""
    hands_back_when: str = ""
    next_step: str = ""
    error_limit: float = 0.05
    certainty: float = 0.90
    hand_back_cost: float = 0.5
    observed_share: float = DEFAULT_OBSERVED_SHARE  # of jobs used before we saw them, offered for review
    reasons: tuple[ReasonOption, ...] = field(default=DEFAULT_REASONS)
