"""Reads about skills: what a person lacks, which jobs need it, and who else could decide a job.

The one place that says whether a job needs a skill is `needing`, in SQL: the queue and the check of a single job both
go by it. Where nobody defined skills nothing is added to any query of the desk.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import In

from teachback_server.jobs.models import Job
from teachback_server.reviews.input_text import InputText
from teachback_server.reviews.models import Skill
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Membership

COUNTED_AT_MOST = 10_000
_WHO_DECIDE = (Role.REVIEWER, Role.EDITOR, Role.OWNER)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Jobs of one kind, or of several: those whose input has one of these values in this dotted field."""

    field: str
    values: tuple[str, ...]


def list_lacking(workflow_id: int, user_id: int | None) -> tuple[Kind, ...]:
    """The kinds of jobs that need a skill which a person does not have. Not a person (None): no kind."""
    if user_id is None:
        return ()
    lacking = Skill.objects.filter(workflow_id=workflow_id).exclude(holders=user_id)
    return _as_kinds(lacking.order_by("field", "value").values_list("field", "value"))


def needing(kinds: Sequence[Kind], column: str = "input") -> Q:
    """Jobs that are of one of these kinds. `column` leads to a job's input; a field that is absent is of no kind."""
    found = Q()
    for kind in kinds:
        found |= Q(In(_text_of(kind.field, column), list(kind.values)))
    return found


def able(lacking: Sequence[Kind], column: str = "input", *, or_else: Q | None = None) -> Q:
    """Jobs that need none of the skills that a person lacks, or for which something else speaks; empty: all jobs."""
    if not lacking:
        return Q()
    return ~needing(lacking, column) if or_else is None else or_else | ~needing(lacking, column)


def decidable_by(workflow_id: int, user_id: int | None) -> Q:
    """The jobs of a workflow that a person may decide as to their skills: what an owner gave to them, they may."""
    return able(list_lacking(workflow_id, user_id), or_else=Q(place__assignee=user_id))


def find_missing_skills(workflow_id: int, user_id: int | None, job_ids: Collection[int]) -> tuple[int, str] | None:
    """The first of these jobs that a person may not decide: its number, and the skills that they lack in words."""
    job = Job.objects.filter(pk__in=list_undecidable(workflow_id, user_id, job_ids)).order_by("number").first()
    if job is None:
        return None
    held = set(Skill.objects.filter(workflow_id=workflow_id, holders=user_id).values_list("label", flat=True))
    missing = [label for label in list_needed(workflow_id, [job.pk])[job.pk] if label not in held]
    return job.number, " and ".join(f"“{label}”" for label in missing)


def list_undecidable(workflow_id: int, user_id: int | None, job_ids: Collection[int]) -> set[int]:
    """Those of some jobs that a person may not decide, as they lack a skill."""
    lacking = list_lacking(workflow_id, user_id)
    if not lacking:
        return set()
    refused = Job.objects.filter(needing(lacking), pk__in=job_ids).exclude(place__assignee=user_id)
    return set(refused.values_list("pk", flat=True))


def list_needed(workflow_id: int, job_ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    """The labels of the skills that each of these jobs needs; jobs that need none are left out."""
    skills = Skill.objects.filter(workflow_id=workflow_id).order_by("label").values_list("field", "value", "label")
    labels = {(field, value): label for field, value, label in skills}
    needed: dict[int, tuple[str, ...]] = {}
    for kind in _as_kinds(labels):
        texts = Job.objects.filter(pk__in=job_ids).annotate(kind_text=_text_of(kind.field, "input"))
        for job_id, text in texts.filter(kind_text__in=kind.values).values_list("pk", "kind_text"):
            needed[job_id] = (*needed.get(job_id, ()), labels[kind.field, text])
    return needed


def list_for_another(workflow_id: int, job_ids: Collection[int], *, besides: Collection[int]) -> set[int]:
    """Those of some jobs that anybody but these people may decide, in their role and with their skills."""
    others = list_decider_ids(workflow_id) - set(besides)
    if not others:
        return set()
    needed = list_needed(workflow_id, job_ids)
    if not needed:
        return set(job_ids)
    held = _list_held(workflow_id)
    skills_of_others = [held.get(user_id, frozenset()) for user_id in others]
    return {
        job_id for job_id in job_ids if any(skills.issuperset(needed.get(job_id, ())) for skills in skills_of_others)
    }


def count_needing_more(workflow_id: int, user_id: int) -> int:
    """How many waiting jobs a person may not decide as they lack a skill, of those for anybody. Counted to 10,000."""
    lacking = list_lacking(workflow_id, user_id)
    if not lacking:
        return 0
    return _for_anybody(workflow_id).filter(needing(lacking))[:COUNTED_AT_MOST].count()


def count_for_nobody(workflow_id: int) -> int:
    """How many waiting jobs nobody here may decide, as nobody has all the skills they need. Counted to 10,000."""
    if not Skill.objects.filter(workflow_id=workflow_id).exists():
        return 0
    for_nobody = Q()
    for lacking in {list_lacking(workflow_id, user_id) for user_id in list_decider_ids(workflow_id)}:
        if not lacking:
            return 0
        for_nobody &= needing(lacking)
    if not for_nobody:  # there is nobody who decides at all, which has nothing to do with skills
        return 0
    return _for_anybody(workflow_id).filter(for_nobody)[:COUNTED_AT_MOST].count()


def _for_anybody(workflow_id: int) -> QuerySet[Job]:
    return Job.objects.filter(workflow_id=workflow_id, is_waiting=True, place__assignee=None)


def _text_of(field: str, column: str) -> Coalesce:
    """Never NULL: neither a condition nor its opposite would find a job whose input lacks the field."""
    return Coalesce(InputText(column, field.split(".")), Value(""), output_field=TextField())


def _as_kinds(pairs: Collection[tuple[str, str]]) -> tuple[Kind, ...]:
    """Skills by their field, as each field costs a look into the input of a job."""
    values: dict[str, list[str]] = {}
    for field, value in pairs:
        values.setdefault(field, []).append(value)
    return tuple(Kind(field=field, values=tuple(of_field)) for field, of_field in values.items())


def list_decider_ids(workflow_id: int) -> set[int]:
    """The people whose role lets them decide jobs of a workflow."""
    members = Membership.objects.filter(workflow_id=workflow_id, role__in=_WHO_DECIDE, user__is_active=True)
    return set(members.values_list("user_id", flat=True))


def _list_held(workflow_id: int) -> dict[int, frozenset[str]]:
    held: dict[int, frozenset[str]] = {}
    pairs = Skill.objects.filter(workflow_id=workflow_id, holders__isnull=False).values_list("holders", "label")
    for user_id, label in pairs:
        held[user_id] = held.get(user_id, frozenset()) | {label}
    return held
