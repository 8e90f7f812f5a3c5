"""What an owner may do about skills: say which jobs need one, and who has it."""

from collections.abc import Collection

from django.db import transaction

from teachback.schema_fields import find_field_schema
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.reviews.models import Skill
from teachback_server.reviews.placing import list_deciders
from teachback_server.reviews.skill_kinds import list_kinds
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

MOST_SKILLS = 50
LONGEST_LABEL, LONGEST_FIELD, LONGEST_VALUE = 100, 200, 200


class SkillRefused(ValueError):
    """Nothing was changed. The message says why; `about` names the field of the form that it is about."""

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


def add_skill(
    actor: Actor, workflow: Workflow, *, label: str, field: str, value: str, holders: Collection[User] = ()
) -> Skill:
    """Say that jobs whose input has a value in a dotted field are decided only by those who have a skill.

    Raises SkillRefused where no job could have it, where there is such a skill already, or for somebody who may not
    decide here.
    """
    require_role(actor, workflow.pk, Role.OWNER)
    _refuse_unfit(workflow, label=label, field=field, value=value)
    with transaction.atomic():
        take_turn(workflow.pk)
        _refuse_another(workflow, label=label, field=field, value=value)
        _refuse_strangers(workflow, holders)
        skill = Skill.objects.create(workflow=workflow, label=label, field=field, value=value)
        skill.holders.set(holders)
        record_act(actor, Act.SKILL_ADDED, _subject(skill, holders), workflow_id=workflow.pk)
    return skill


def set_holders(actor: Actor, skill: Skill, holders: Collection[User]) -> None:
    """Say who has a skill: these people and nobody else. Raises SkillRefused for somebody who may not decide here."""
    require_role(actor, skill.workflow_id, Role.OWNER)
    with transaction.atomic():
        take_turn(skill.workflow_id)
        _refuse_strangers(skill.workflow, holders)
        skill.holders.set(holders)
        record_act(actor, Act.SKILL_GIVEN, _subject(skill, holders), workflow_id=skill.workflow_id)


def remove_skill(actor: Actor, skill: Skill) -> None:
    """Let anybody decide the jobs that needed a skill."""
    require_role(actor, skill.workflow_id, Role.OWNER)
    with transaction.atomic():
        take_turn(skill.workflow_id)
        record_act(actor, Act.SKILL_REMOVED, skill.label, workflow_id=skill.workflow_id)
        skill.delete()


def _refuse_unfit(workflow: Workflow, *, label: str, field: str, value: str) -> None:
    for about, text, most in (
        ("label", label, LONGEST_LABEL),
        ("field", field, LONGEST_FIELD),
        ("value", value, LONGEST_VALUE),
    ):
        if not 1 <= len(text) <= most or not text.isprintable():
            raise SkillRefused(about, f"Write 1 to {most} letters on one line.")
    # A quote or a backslash in a name cannot be looked up on every database.
    if not all(field.split(".")) or '"' in field or "\\" in field or not _is_known(workflow, field):
        raise SkillRefused("field", f"No job here has “{field}” in its input. Choose one of the fields in the list.")


def _is_known(workflow: Workflow, field: str) -> bool:
    if find_field_schema(workflow.input_schema, field) is not None:
        return True
    return any(kind.field == field for kind in list_kinds(workflow))


def _refuse_another(workflow: Workflow, *, label: str, field: str, value: str) -> None:
    skills = Skill.objects.filter(workflow=workflow)
    if skills.filter(label__iexact=label).exists():
        raise SkillRefused("label", f"There is a skill “{label}” already. Call this one otherwise.")
    same = skills.filter(field=field, value=value).first()
    if same is not None:
        raise SkillRefused("value", f"Jobs of this kind need a skill already: “{same.label}”.")
    if skills.count() >= MOST_SKILLS:
        raise SkillRefused("label", f"A workflow has {MOST_SKILLS} skills at most. Remove one that nobody needs.")


def _refuse_strangers(workflow: Workflow, holders: Collection[User]) -> None:
    deciders = list_deciders(workflow)
    for person in holders:
        if person not in deciders:
            raise SkillRefused("holders", f"{person} may not decide jobs here. Give them the role of a reviewer first.")


def _subject(skill: Skill, holders: Collection[User]) -> str:
    names = ", ".join(sorted(person.username for person in holders)) or "nobody"
    return f"{skill.label} ({skill.field}: {skill.value}): {names}"
