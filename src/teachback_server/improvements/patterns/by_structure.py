"""Groups corrections by structure: which field, what kind of change, from what to what, why, at which step. Pure."""

from dataclasses import dataclass

from teachback.field_diff import ChangeKind, without_positions
from teachback.json_types import Json

WHOLE_OUTPUT = "the whole output"


@dataclass(frozen=True, kw_only=True)
class CorrectionFacts:
    """What grouping needs to know of one correction."""

    field: str
    kind: str
    from_value: Json
    to_value: Json
    reason_code: str = ""
    stuck_step: str = ""


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What corrections of one pattern share. Equal keys mean the same pattern."""

    key: str
    title: str
    field: str
    kind: str


def structure_of(correction: CorrectionFacts) -> Structure:
    """Name the structure of a correction.

    Values count only where they repeat: from → to of a choice does, the wording of a text does not.
    """
    field = without_positions(correction.field) or WHOLE_OUTPUT
    title = _title(correction, field)
    values = title if correction.kind == ChangeKind.CHANGED_CHOICE else ""
    parts = (field, correction.kind, values, correction.reason_code, correction.stuck_step)
    where = f", stuck at {correction.stuck_step}" if correction.stuck_step else ""
    return Structure(
        key="|".join(part.replace("|", "/") for part in parts)[:400],
        title=(title + where)[:300],
        field=field[:200],
        kind=correction.kind,
    )


def _title(correction: CorrectionFacts, field: str) -> str:
    match correction.kind:
        case ChangeKind.ADDED:
            return f"{field}: was left empty"
        case ChangeKind.REMOVED:
            return f"{field}: should have stayed empty"
        case ChangeKind.CHANGED_CHOICE:
            return f"{field}: {_short(correction.from_value)} → {_short(correction.to_value)}"
        case ChangeKind.CHANGED_TYPE:
            return f"{field}: the wrong kind of value"
        case "handed_back":
            return "The agent handed the job back"
        case _:
            return f"{field}: another value"


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
