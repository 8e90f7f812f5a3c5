"""The owner's page of skills: which jobs need one, who has it, and what waits that nobody may decide."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render

from teachback_server.people.models import User
from teachback_server.reviews.models import Skill
from teachback_server.reviews.placing import list_deciders
from teachback_server.reviews.skill_kinds import list_kinds
from teachback_server.reviews.skill_list import count_thirds_for_nobody, list_skills
from teachback_server.reviews.skill_queries import count_for_nobody
from teachback_server.reviews.skills import (
    LONGEST_FIELD,
    LONGEST_LABEL,
    LONGEST_VALUE,
    SkillRefused,
    add_skill,
    remove_skill,
    set_holders,
)
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


class HoldersForm(forms.Form):
    """Who has a skill."""

    holders = forms.MultipleChoiceField(label="Who has it", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        names = [(pk, person.username) for pk, person in self.people.items()]
        self.fields["holders"].choices = names  # type: ignore[attr-defined]

    def chosen(self) -> list[User]:
        """The people who were ticked; only after the form was found valid."""
        return [self.people[pk] for pk in self.cleaned_data["holders"]]


class SkillForm(HoldersForm):
    """A new skill."""

    field_order = ("label", "field", "value", "holders")
    label = forms.CharField(
        label="Name of the skill", max_length=LONGEST_LABEL, help_text="Such as “Billing” or “Reads French”."
    )
    field = forms.CharField(
        label="Needed for jobs with this field in their input",
        max_length=LONGEST_FIELD,
        widget=forms.TextInput({"list": "skill-fields", "autocomplete": "off"}),
        help_text="Within a group of fields, write both names with a dot: customer.country.",
    )
    value = forms.CharField(
        label="and exactly this value in it",
        max_length=LONGEST_VALUE,
        widget=forms.TextInput({"list": "skill-values", "autocomplete": "off"}),
        help_text="A text, a number, or true or false; capitals count.",
    )


@workflow_page(Role.OWNER)
def show_skills(request: WorkflowRequest) -> HttpResponseBase:
    """All skills, with who has them and what waits."""
    return _show(request, SkillForm(people=list_deciders(request.workflow)))


@workflow_page(Role.OWNER, methods=("POST",))
def add(request: WorkflowRequest) -> HttpResponseBase:
    """Add a skill."""
    form = SkillForm(request.POST, people=list_deciders(request.workflow))
    if not form.is_valid():
        return _show(request, form)
    said = {name: form.cleaned_data[name] for name in ("label", "field", "value")}
    try:
        skill = add_skill(request.actor, request.workflow, **said, holders=form.chosen())
    except SkillRefused as refusal:
        form.add_error(refusal.about, str(refusal))
        return _show(request, form)
    messages.success(request, f"Jobs of this kind now go only to those who have the skill “{skill.label}”.")
    return redirect("settings-skills", workflow_name=request.workflow.name)


@workflow_page(Role.OWNER, methods=("POST",))
def give(request: WorkflowRequest, skill_id: int) -> HttpResponseBase:
    """Say who has a skill."""
    skill = _get_skill(request, skill_id)
    form = HoldersForm(request.POST, people=list_deciders(request.workflow))
    if not form.is_valid():
        messages.warning(request, "Somebody among them may not decide jobs here any more. Nothing was changed.")
    else:
        set_holders(request.actor, skill, form.chosen())
        messages.success(request, f"Saved who has the skill “{skill.label}”.")
    return redirect("settings-skills", workflow_name=request.workflow.name)


@workflow_page(Role.OWNER, methods=("POST",))
def remove(request: WorkflowRequest, skill_id: int) -> HttpResponseBase:
    """Remove a skill."""
    skill = _get_skill(request, skill_id)
    remove_skill(request.actor, skill)
    messages.success(request, f"The skill “{skill.label}” is gone: anybody may decide those jobs.")
    return redirect("settings-skills", workflow_name=request.workflow.name)


def _get_skill(request: WorkflowRequest, skill_id: int) -> Skill:
    skill = Skill.objects.filter(pk=skill_id, workflow=request.workflow).select_related("workflow").first()
    if skill is None:
        raise Http404("There is no such skill in this workflow (any more).")
    return skill


def _show(request: WorkflowRequest, form: SkillForm) -> HttpResponseBase:
    kinds = list_kinds(request.workflow)
    context = {
        "skills": list_skills(request.workflow),
        "for_nobody": count_for_nobody(request.workflow.pk),
        "thirds_for_nobody": count_thirds_for_nobody(request.workflow),
        "form": form,
        "fields": [kind.field for kind in kinds],
        "values": [(value, kind.field) for kind in kinds for value in kind.values],
    }
    return render(request, "reviews/skills.html", context)
