"""The reviewer of a backtest: compares an output with what a person once handed over, and says why it differs."""

from collections.abc import Sequence

from teachback.field_diff import ChangeKind, diff_fields, is_same_output
from teachback.json_types import JsonObject
from teachback.vocabulary import ReviewVerdict

_REASON_BY_KIND = {
    ChangeKind.ADDED: "missing_information",
    ChangeKind.REMOVED: "should_be_empty",
    ChangeKind.CHANGED_CHOICE: "wrong_choice",
}


def verdict_by_key(output: JsonObject | None, key: JsonObject) -> ReviewVerdict:
    """Accepted if there is an output and it equals the key; corrected otherwise."""
    is_right = output is not None and is_same_output(output, key)
    return ReviewVerdict.ACCEPTED if is_right else ReviewVerdict.CORRECTED


def reason_by_key(output: JsonObject | None, key: JsonObject, output_schema: JsonObject, offered: Sequence[str]) -> str:
    """The reason that the first changed field suggests, among the codes that the workflow offers.

    A workflow with a list of its own may lack it: then its "other", or the last one of its list.
    """
    if output is None:
        code = "handed_back"
    else:
        changes = diff_fields(output, key, output_schema)
        code = _REASON_BY_KIND.get(changes[0].kind, "wrong_value") if changes else ""
    if not code or code in offered or not offered:
        return code
    return "other" if "other" in offered else offered[-1]
