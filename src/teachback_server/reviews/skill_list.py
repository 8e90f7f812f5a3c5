"""Reads for the owner's page of skills: what each is about, who has it, and how much waits for it."""

from dataclasses import dataclass

from django.db.models import Count, Q

from teachback_server.jobs.models import Job
from teachback_server.people.models import User
from teachback_server.reviews.agreement.asking import SecondKind
from teachback_server.reviews.models import Review, SecondReview, Skill
from teachback_server.reviews.placing import list_deciders
from teachback_server.reviews.skill_queries import Kind, list_for_another, needing
from teachback_server.workflows.models import Workflow

_THIRDS_LOOKED_AT = 200


@dataclass(frozen=True, kw_only=True)
class SkillRow:
    """One skill as its owner sees it. `people` are those who may decide here, each with whether they have it."""

    skill_id: int
    label: str
    field: str
    value: str
    people: tuple[tuple[User, bool], ...]
    waiting: int

    @property
    def is_with_nobody(self) -> bool:
        """Whether nobody who may decide here has it."""
        return not any(has_it for _, has_it in self.people)


def list_skills(workflow: Workflow) -> tuple[SkillRow, ...]:
    """The skills of a workflow by their name."""
    skills = list(Skill.objects.filter(workflow=workflow).prefetch_related("holders").order_by("label"))
    people, waiting = list_deciders(workflow), _count_waiting(workflow, skills)
    return tuple(
        SkillRow(
            skill_id=skill.pk,
            label=skill.label,
            field=skill.field,
            value=skill.value,
            people=tuple((person, person in skill.holders.all()) for person in people),
            waiting=waiting[str(skill.pk)],
        )
        for skill in skills
    )


def count_thirds_for_nobody(workflow: Workflow) -> int:
    """How many jobs on which two people differ wait for a third while nobody who is left has the skill.

    They go on waiting: as soon as somebody has the skill, they settle it. Of the oldest 200.
    """
    if not Skill.objects.filter(workflow=workflow).exists():
        return 0
    rows = SecondReview.objects.filter(workflow=workflow, is_waiting=True, kind=SecondKind.THIRD).order_by("pk")
    job_ids = list(rows.values_list("job_id", flat=True)[:_THIRDS_LOOKED_AT])
    return sum(not list_for_another(workflow.pk, [pk], besides=_list_who_decided(pk)) for pk in job_ids)


def _list_who_decided(job_id: int) -> set[int]:
    first = Review.objects.filter(job_id=job_id, reviewer__isnull=False).values_list("reviewer_id", flat=True)
    again = SecondReview.objects.filter(job_id=job_id, reviewer__isnull=False).values_list("reviewer_id", flat=True)
    return {pk for pk in (*first, *again) if pk is not None}


def _count_waiting(workflow: Workflow, skills: list[Skill]) -> dict[str, int]:
    """All in one look through what waits."""
    if not skills:
        return {}
    counts = {
        str(skill.pk): Count("pk", filter=Q(needing([Kind(field=skill.field, values=(skill.value,))])))
        for skill in skills
    }
    return Job.objects.filter(workflow=workflow, is_waiting=True).aggregate(**counts)
