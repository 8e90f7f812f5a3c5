"""What a person wants to differ in a release: new instructions, one more rule, or one more check. Pure."""

from dataclasses import asdict, dataclass, replace

from teachback.checks import validate_check
from teachback.json_types import Json, JsonObject
from teachback.release_document import Check, ReleaseDocument, Rule
from teachback.rules import validate_rule
from teachback.vocabulary import Lever


class EditRefused(ValueError):
    """The edit cannot be tried. The message says what is wrong and what to write instead."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One difference in one lever: exactly one of the three is given."""

    instructions: str | None = None  # the whole new text
    rule: Rule | None = None  # added at the end, or in place of the rule of the same name
    check: Check | None = None  # likewise

    @property
    def lever(self) -> Lever:
        """The lever that the edit moves. Raises EditRefused unless exactly one part is given."""
        given = [
            lever
            for lever, part in (
                (Lever.INSTRUCTIONS, self.instructions),
                (Lever.RULES, self.rule),
                (Lever.CHECKS, self.check),
            )
            if part is not None
        ]
        if len(given) != 1:
            raise EditRefused("A change moves exactly one lever: write an instruction, a rule or a check.")
        return given[0]

    def as_json(self) -> dict[str, Json]:
        """The edit as plain JSON values."""
        return asdict(self)


def parse_edit(value: JsonObject) -> Edit:
    """Read an edit written by `as_json`."""
    rule, check, instructions = value.get("rule"), value.get("check"), value.get("instructions")
    return Edit(
        instructions=instructions if isinstance(instructions, str) else None,
        rule=Rule(**rule) if isinstance(rule, dict) else None,
        check=Check(**{**check, "values": tuple(check.get("values") or ())}) if isinstance(check, dict) else None,
    )


def validate_edit(edit: Edit, output_schema: JsonObject) -> None:
    """Raise EditRefused, or what `validate_rule` and `validate_check` raise, when the edit cannot work."""
    if edit.lever is Lever.INSTRUCTIONS and not (edit.instructions or "").strip():
        raise EditRefused("The instructions are empty. Write what the agent should do differently.")
    if edit.rule is not None:
        validate_rule(edit.rule, output_schema)
    if edit.check is not None:
        validate_check(edit.check, output_schema)


def apply_edit(document: ReleaseDocument, edit: Edit) -> ReleaseDocument:
    """The document with the edit in it; everything else stays."""
    if edit.instructions is not None:
        return replace(document, instructions=edit.instructions)
    if edit.rule is not None:
        kept = tuple(rule for rule in document.rules if rule.name != edit.rule.name)
        return replace(document, rules=(*kept, edit.rule))
    if edit.check is not None:
        kept_checks = tuple(check for check in document.checks if check.name != edit.check.name)
        return replace(document, checks=(*kept_checks, edit.check))
    raise EditRefused("A change moves exactly one lever: write an instruction, a rule or a check.")
