"""Drafts a rule from what the corrections of a pattern share, for a person to narrow down. Pure."""

import json
import re
from dataclasses import dataclass

from teachback.field_diff import ChangeKind
from teachback.json_types import Json
from teachback.rules import RuleAction
from teachback_server.improvements.edit_forms import spell_literal
from teachback_server.improvements.patterns.by_structure import WHOLE_OUTPUT

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class RuleDraft:
    """A first version of a rule; the condition fits every job of the pattern, and often too many others."""

    when: str
    act: RuleAction
    field: str
    value: str


def draft_rule(field: str, kind: str, from_value: Json, to_value: Json) -> RuleDraft | None:
    """A draft for a pattern of one field, from one of its corrections; None where a rule could not help.

    A rule acts on an output, so it cannot do anything about jobs that were handed back.
    """
    if field in ("", WHOLE_OUTPUT):
        return None
    path = spell_path(field)
    if "[" in field:
        return RuleDraft(when="", act=RuleAction.REVIEW, field="", value="")
    match kind:
        case ChangeKind.CHANGED_CHOICE:
            when = f"{path} == {spell_literal(from_value)}"
            return RuleDraft(when=when, act=RuleAction.SET_FIELD, field=field, value=spell_literal(to_value))
        case ChangeKind.REMOVED:
            return RuleDraft(when=f"has({path})", act=RuleAction.CLEAR_FIELD, field=field, value="")
        case ChangeKind.ADDED:
            return RuleDraft(when=f"!has({path}) || {path} == null", act=RuleAction.REVIEW, field="", value="")
        case _:
            return RuleDraft(when=f"has({path})", act=RuleAction.REVIEW, field="", value="")


def spell_path(field: str) -> str:
    """A dotted path of the output as an expression reads it."""
    path = "output"
    for name in field.split("."):
        path += f".{name}" if _IDENTIFIER.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"
    return path
