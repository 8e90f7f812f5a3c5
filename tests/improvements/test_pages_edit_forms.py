"""The forms for a rule, a check and an instruction, without a page: what they refuse and what they make of the rest."""

import pytest

from builders import SUPPORT_INBOX
from teachback.release_document import Check, Rule
from teachback.rules import RuleAction
from teachback_server.improvements.edit_forms import (
    CheckForm,
    EditForm,
    InstructionForm,
    RuleForm,
    spell_literal,
    spell_value,
)
from teachback_server.improvements.edits import parse_edit
from teachback_server.improvements.rule_drafts import draft_rule, spell_path

RULE = {
    "name": "late parcels",
    "when": 'output.queue == "billing"',
    "act": "set_field",
    "field": "queue",
    "value": "delivery",
    "reason": "the parcel is late",
}
CHECK = {"name": "no billing", "kind": "expression", "expression": 'output.queue != "billing"'}
INSTRUCTION = {"instructions": "Late parcels go to delivery.", "summary": "Late parcels"}
FORMS: dict[str, tuple[type[EditForm], dict[str, str]]] = {
    "rule": (RuleForm, RULE),
    "check": (CheckForm, CHECK),
    "instruction": (InstructionForm, INSTRUCTION),
}


def sent(kind: str, /, **changes: str) -> EditForm:
    form, base = FORMS[kind]
    return form(
        {**base, **changes},
        initial={"instructions": "What is live."},
        input_schema=SUPPORT_INBOX.input_schema,
        output_schema=SUPPORT_INBOX.output_schema,
    )


@pytest.mark.parametrize(
    ("kind", "changes", "place"),
    [
        ("rule", {"name": ""}, "name"),
        ("rule", {"when": ""}, "when"),
        ("rule", {"when": "output.queue ="}, "when"),
        ("rule", {"when": "output.que == 'x'"}, "when"),
        ("rule", {"when": "1 + 1 +" * 200}, "when"),
        ("rule", {"act": "explode"}, "act"),
        ("rule", {"field": ""}, "field"),
        ("rule", {"field": "nothing"}, "field"),
        ("rule", {"value": ""}, "value"),
        ("rule", {"value": "nonsense"}, "value"),
        ("rule", {"value": "'lost'"}, "value"),
        ("check", {"expression": ""}, "expression"),
        ("check", {"expression": "output.queue +"}, "expression"),
        ("check", {"kind": "one_of", "field": ""}, "field"),
        ("check", {"kind": "one_of", "field": "queue"}, "values"),
        ("check", {"kind": "number_within", "field": "queue", "low": "1"}, "low"),
        ("check", {"kind": "number_within", "field": "queue", "low": "many"}, "low"),
        ("instruction", {"instructions": "", "summary": "x"}, "instructions"),
        ("instruction", {"instructions": " What is live. "}, "instructions"),
        ("instruction", {"instructions": "x", "summary": ""}, "summary"),
    ],
)
def test_what_cannot_be_tried_is_refused_at_its_field(kind: str, changes: dict[str, str], place: str) -> None:
    form = sent(kind, **changes)
    assert not form.is_valid()
    assert list(form.errors) == [place]
    assert all(message.rstrip("”").endswith((".", "!")) for messages in form.errors.values() for message in messages)


@pytest.mark.parametrize("kind", list(FORMS))
def test_what_is_fine_becomes_an_edit_that_survives_storage(kind: str) -> None:
    form = sent(kind)
    assert form.is_valid(), form.errors
    assert parse_edit(form.edit.as_json()) == form.edit
    assert form.title


def test_parts_that_belong_to_another_choice_are_left_out() -> None:
    rule_form, check_form = sent("rule", act="review"), sent("check", kind="one_of", field="queue", values="a\n\n b ")
    assert rule_form.is_valid() and check_form.is_valid()
    assert rule_form.edit.rule == Rule(
        name="late parcels", when='output.queue == "billing"', action="review", reason="the parcel is late"
    )
    assert check_form.edit.check == Check(name="no billing", kind="one_of", field="queue", values=("a", "b"))


def test_a_choice_needs_no_quotes_and_everything_else_is_an_expression() -> None:
    choice = {"enum": ["billing", 'say "hello"']}
    assert spell_value("billing", choice) == '"billing"'
    assert spell_value('say "hello"', choice) == '"say \\"hello\\""'
    assert spell_value("input.text", choice) == "input.text"
    assert spell_value("billing", {"type": "string"}) == "billing"
    assert [spell_literal(value) for value in (True, None, 3, 2.5, [1])] == ["true", "null", "3", "2.5", ""]


@pytest.mark.parametrize(
    ("field", "kind", "when", "act"),
    [
        ("queue", "changed_choice", 'output.queue == "billing"', RuleAction.SET_FIELD),
        ("order_number", "removed", "has(output.order_number)", RuleAction.CLEAR_FIELD),
        ("order_number", "added", "!has(output.order_number) || output.order_number == null", RuleAction.REVIEW),
        ("order_number", "changed_text", "has(output.order_number)", RuleAction.REVIEW),
        ("lines[].price", "changed_number", "", RuleAction.REVIEW),
    ],
)
def test_a_draft_is_a_rule_that_could_be_sent_at_once(field: str, kind: str, when: str, act: RuleAction) -> None:
    draft = draft_rule(field, kind, "billing", "delivery")
    assert draft is not None
    assert (draft.when, draft.act) == (when, act)
    if when:
        assert sent("rule", when=draft.when, act=draft.act, field=draft.field, value=draft.value).is_valid()


def test_a_job_that_was_handed_back_leaves_a_rule_nothing_to_act_on() -> None:
    assert draft_rule("the whole output", "handed_back", None, {"queue": "billing"}) is None


def test_a_field_that_is_no_plain_word_is_named_in_brackets() -> None:
    assert spell_path("order no.city") == 'output["order no"].city'
