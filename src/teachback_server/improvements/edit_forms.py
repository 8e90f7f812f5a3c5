"""The forms in which a person writes what could remove a pattern: an instruction, a rule or a check."""

import json
from typing import Any, cast

from django import forms

from teachback.checks import CheckKind, CheckRefused, validate_check
from teachback.json_types import Json, JsonObject
from teachback.release_document import Check, Rule
from teachback.rules import RuleAction, RuleRefused, validate_rule
from teachback.schema_fields import find_field_schema, list_field_names
from teachback_server.improvements.edits import Edit

RULE_ACTIONS = (
    (RuleAction.REVIEW.value, "Let a person look"),
    (RuleAction.SET_FIELD.value, "Set a field"),
    (RuleAction.CLEAR_FIELD.value, "Leave a field empty"),
    (RuleAction.HAND_BACK.value, "Hand the job back"),
)
CHECK_KINDS = (
    (CheckKind.EXPRESSION.value, "A condition holds"),
    (CheckKind.NUMBER_WITHIN.value, "A number lies within bounds"),
    (CheckKind.ONE_OF.value, "A value is one of a list"),
    (CheckKind.SPAN_OF_INPUT.value, "A text stands in the input, word for word"),
    (CheckKind.SCHEMA.value, "The output fits the boundary"),
)
_CODE = {"class": "code", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


class EditForm(forms.Form):
    """What all three have in common: a reason for whoever decides about the change."""

    why = forms.CharField(
        label="Why",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For whoever decides about it. It stands beside the evidence.",
    )

    def __init__(self, *args: Any, input_schema: JsonObject, output_schema: JsonObject, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.input_schema, self.output_schema = input_schema, output_schema
        if "field" in self.fields:
            names = [(name, name) for name in list_field_names(output_schema)]
            cast(forms.ChoiceField, self.fields["field"]).choices = [("", "(none)"), *names]

    @property
    def edit(self) -> Edit:
        """The difference that a valid form describes."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What the change is called in lists."""
        raise NotImplementedError


class InstructionForm(EditForm):
    """New instructions, as a whole: what the agent reads before each job."""

    instructions = forms.CharField(
        label="Instructions",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="The whole text, with what should be different. The difference is shown to whoever decides.",
        error_messages={"required": "The instructions are empty. Write what the agent should do differently."},
    )
    summary = forms.CharField(
        label="In one line, what differs",
        max_length=200,
        error_messages={"required": "Say in one line what differs, for example “Refunds go to billing”."},
    )
    field_order = ("instructions", "summary", "why")

    def clean_instructions(self) -> str:
        """Refuse a text that nobody touched."""
        text: str = self.cleaned_data["instructions"]
        if text.strip() == str(self.initial.get("instructions", "")).strip():
            raise forms.ValidationError(
                "These are the instructions that are live already. Write what should be different."
            )
        return text

    @property
    def edit(self) -> Edit:
        """See `EditForm`."""
        return Edit(instructions=self.cleaned_data["instructions"])

    @property
    def title(self) -> str:
        """See `EditForm`."""
        return f"Instructions: {self.cleaned_data['summary']}"


class RuleForm(EditForm):
    """When a condition holds, do one thing to the job."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Short, for lists and for the reviewer, for example “late parcels”.",
        error_messages={"required": "Give the rule a name that a reviewer understands."},
    )
    when = forms.CharField(
        label="When",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, **_CODE}),
        error_messages={"required": "Write the condition, for example output.queue == 'billing'."},
    )
    act = forms.ChoiceField(label="Then", choices=RULE_ACTIONS)
    field = forms.ChoiceField(label="Field", required=False)
    value = forms.CharField(
        label="New value",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=_CODE),
        help_text="One of the choices as it is, a text in quotes, a number, or another field such as input.sender.",
    )
    reason = forms.CharField(
        label="What the reviewer reads",
        required=False,
        max_length=200,
        help_text="Why this job is different, for example “the parcel is late”.",
    )
    field_order = ("name", "when", "act", "field", "value", "reason", "why")

    def clean(self) -> dict[str, Any]:
        """Hold the rule against the boundary."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        changes_field = cleaned["act"] in (RuleAction.SET_FIELD, RuleAction.CLEAR_FIELD)
        cleaned["field"] = cleaned["field"] if changes_field else ""
        cleaned["value"] = cleaned["value"] if cleaned["act"] == RuleAction.SET_FIELD else ""
        if changes_field and not cleaned["field"]:
            self.add_error("field", "Choose the field that the rule changes.")
        elif cleaned["act"] == RuleAction.SET_FIELD and not cleaned["value"]:
            self.add_error("value", "Write the new value, or choose “Leave a field empty”.")
        else:
            self._validate_rule()
        return cleaned

    def _validate_rule(self) -> None:
        try:
            validate_rule(self.rule, self.output_schema, self.input_schema)
        except RuleRefused as refusal:
            self.add_error("value" if "new value" in str(refusal) else "when", str(refusal))

    @property
    def rule(self) -> Rule:
        """The rule that the form describes."""
        cleaned = self.cleaned_data
        return Rule(
            name=cleaned["name"],
            when=cleaned["when"],
            action=cleaned["act"],
            field=cleaned["field"],
            value=spell_value(cleaned["value"], find_field_schema(self.output_schema, cleaned["field"])),
            reason=cleaned["reason"],
        )

    @property
    def edit(self) -> Edit:
        """See `EditForm`."""
        return Edit(rule=self.rule)

    @property
    def title(self) -> str:
        """See `EditForm`."""
        return f"Rule “{self.cleaned_data['name']}”"


class CheckForm(EditForm):
    """What an output must meet before it may skip review."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Short, for lists and for the reviewer, for example “amount is plausible”.",
        error_messages={"required": "Give the check a name that a reviewer understands."},
    )
    kind = forms.ChoiceField(label="What must be so", choices=CHECK_KINDS)
    field = forms.ChoiceField(label="Field", required=False)
    expression = forms.CharField(
        label="Condition", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2, **_CODE})
    )
    low = forms.FloatField(label="At least", required=False, widget=forms.NumberInput(attrs={"step": "any"}))
    high = forms.FloatField(label="At most", required=False, widget=forms.NumberInput(attrs={"step": "any"}))
    values = forms.CharField(
        label="Allowed values, one a line", required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    field_order = ("name", "kind", "field", "expression", "low", "high", "values", "why")

    def clean_values(self) -> tuple[str, ...]:
        """The values, one a line."""
        return tuple(line.strip() for line in self.cleaned_data["values"].splitlines() if line.strip())

    def clean(self) -> dict[str, Any]:
        """Hold the check against the boundary."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                validate_check(self.check, self.output_schema, self.input_schema)
            except CheckRefused as refusal:
                self.add_error(self._place_of_refusal(cleaned), str(refusal))
        return cleaned

    def _place_of_refusal(self, cleaned: dict[str, Any]) -> str:
        if cleaned["kind"] == CheckKind.EXPRESSION:
            return "expression"
        if not cleaned["field"]:
            return "field"
        return {CheckKind.NUMBER_WITHIN: "low", CheckKind.ONE_OF: "values"}.get(cleaned["kind"], "field")

    @property
    def check(self) -> Check:
        """The check that the form describes, without what belongs to another kind."""
        cleaned = self.cleaned_data
        kind = cleaned["kind"]
        return Check(
            name=cleaned["name"],
            kind=kind,
            field="" if kind == CheckKind.EXPRESSION else cleaned["field"],
            expression=cleaned["expression"] if kind == CheckKind.EXPRESSION else "",
            low=cleaned["low"] if kind == CheckKind.NUMBER_WITHIN else None,
            high=cleaned["high"] if kind == CheckKind.NUMBER_WITHIN else None,
            values=cleaned["values"] if kind == CheckKind.ONE_OF else (),
        )

    @property
    def edit(self) -> Edit:
        """See `EditForm`."""
        return Edit(check=self.check)

    @property
    def title(self) -> str:
        """See `EditForm`."""
        return f"Check “{self.cleaned_data['name']}”"


def spell_value(text: str, field_schema: JsonObject | None) -> str:
    """A new value as an expression: one of a field's own choices needs no quotes, everything else is one already."""
    choices = (field_schema or {}).get("enum")
    if isinstance(choices, list | tuple) and text in choices:
        return spell_literal(text)
    return text


def spell_literal(value: Json) -> str:
    """A plain value as a rule's expression spells it; an object or list has no such spelling and gives nothing."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return repr(value) if isinstance(value, int | float) else ""
