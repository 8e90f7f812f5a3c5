"""What may happen at the desk: a job is claimed, skipped, and decided exactly once, field by field, with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from teachback.field_diff import diff_fields
from teachback.json_types import Json, JsonObject
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.actions import mark_decided
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.agreement.asking import draw_planted, draw_second_reviews
from teachback_server.reviews.agreement.waiting import find_held_second, find_second_for, find_second_to_give
from teachback_server.reviews.claims import list_holders
from teachback_server.reviews.models import Claim, Correction, QueuePlace, Retraction, Review, Skip
from teachback_server.reviews.queue_order import find_held_job, find_waiting_job
from teachback_server.reviews.skill_queries import find_missing_skills
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Reason, Workflow
from teachback_server.workflows.turns import take_turn

LEASE = timedelta(minutes=4)
HANDED_BACK = "handed_back"  # the kind of the one correction of a job that had no output at all


_TAKEN_BACK = "You took this decision back before it arrived a second time. Nothing was changed; decide the job anew."
_DECIDED_BEFORE = "This job was decided before. Nothing was changed; go on with the next one."


class JobAlreadyDecided(ValueError):
    """Somebody decided this job before. Nothing was changed; go on with the next one."""


class JobClaimedByAnother(ValueError):
    """Another person has this job on screen. It comes back to the queue if they leave it for four minutes."""


class DecisionRefused(ValueError):
    """The decision lacks something. The message says what to add."""


class SkillMissing(DecisionRefused):
    """The person lacks a skill that the job needs, so they may neither open nor decide it. The message names it."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What one person decided about one job. `output` is what they stood behind: needed to correct, never otherwise.

    `decided_by` names the reviewer of imported history, who need not have an account; empty means the one who acts.
    """

    job: Job
    verdict: ReviewVerdict
    idempotency_key: str
    output: JsonObject | None = None
    reason_code: str = ""
    note: str = ""
    would_recur: bool | None = None
    stuck_step: str = ""
    seconds: float | None = None
    decided_at: datetime | None = None
    decided_by: str = ""


def claim_next_job(actor: Actor, workflow: Workflow, *, besides: Sequence[int] = ()) -> Job | None:
    """Lease to a person the job that they should see next, or return None where none is left for them.

    It is the job that they hold already, so that a second tab or a reload shows the same one; otherwise the first in
    the order of the queue that nobody else holds and that they did not skip. A job that is to be decided again by
    somebody else comes before those that were never decided; nobody can tell them apart. `besides` lists numbers of
    jobs to leave out.
    """
    person_id = _require_reviewer(actor, workflow.pk)
    now = timezone.now()
    with transaction.atomic():
        take_turn(workflow.pk)
        job = _find_held(workflow, person_id, besides=besides, now=now)
        job = job or find_second_to_give(workflow, person_id, besides=besides, now=now)
        job = job or find_waiting_job(workflow, person_id, besides=besides, now=now)
        if job is not None:
            _lease(person_id, job, now)
    return job


def claim_job(actor: Actor, job: Job, *, now: datetime | None = None) -> Claim:
    """Lease a waiting job to one person, or renew their lease.

    Raises JobClaimedByAnother, JobAlreadyDecided or SkillMissing.
    """
    person_id = _require_reviewer(actor, job.workflow_id)
    now = now or timezone.now()
    with transaction.atomic():
        take_turn(job.workflow_id)
        is_waiting = Job.objects.filter(pk=job.pk, is_waiting=True).exists()
        if not is_waiting and find_second_for(job, person_id) is None:
            raise JobAlreadyDecided("This job no longer waits for a decision.")
        refuse_unskilled(actor, [job])
        refuse_foreign_claims(actor, [job], now)
        return _lease(person_id, job, now)


def skip_job(actor: Actor, job: Job) -> None:
    """Hide a waiting job from this person, and from nobody else."""
    person_id = _require_reviewer(actor, job.workflow_id)
    with transaction.atomic():
        Skip.objects.get_or_create(job=job, user_id=person_id, defaults={"at": timezone.now()})
        Claim.objects.filter(job=job, user_id=person_id).delete()


def show_skipped_jobs(actor: Actor, workflow: Workflow) -> int:
    """Let a person see again what they skipped in a workflow; returns how many jobs that were."""
    person_id = _require_reviewer(actor, workflow.pk)
    count, _ = Skip.objects.filter(user_id=person_id, job__workflow=workflow).delete()
    return count


def decide_review(actor: Actor, decision: Decision) -> Review:
    """Store one person's decision. The same idempotency key again returns the stored review and changes nothing."""
    require_role(actor, decision.job.workflow_id, Role.REVIEWER)
    known = _find_same_decision(decision)
    if known is not None:
        return known
    try:
        return decide_reviews(actor, decision.job.workflow, [decision])[0]
    except JobAlreadyDecided:
        # The same request may have been sent twice at once: then the other one has just stored it.
        stored = _find_same_decision(decision)
        if stored is None:
            raise
        return stored


def decide_reviews(
    actor: Actor, workflow: Workflow, decisions: Sequence[Decision], *, was_each_seen: bool = True
) -> list[Review]:
    """Store decisions on jobs of one workflow, all or none.

    Of those that were not each seen nothing is drawn here: their act has a sample of its own.
    Raises JobAlreadyDecided, JobClaimedByAnother or DecisionRefused (as SkillMissing is); then nothing is stored.
    """
    require_role(actor, workflow.pk, Role.REVIEWER)
    for decision in decisions:
        _refuse_undecidable(decision.job, workflow)
    reasons = {reason.code: reason for reason in workflow.reasons.all()}
    changes = [find_changes(decision, workflow, reasons) for decision in decisions]
    now = timezone.now()
    try:
        with transaction.atomic():
            take_turn(workflow.pk)
            _refuse_taken_back(decisions)
            refuse_unskilled(actor, [decision.job for decision in decisions if not decision.decided_by])
            refuse_foreign_claims(actor, [decision.job for decision in decisions], now)
            reviews = _insert_reviews(actor, workflow, decisions, reasons, now)
            _insert_corrections(reviews, decisions, changes)
            own = [review for review in reviews if review.reviewer_id is not None]
            if own and was_each_seen and not actor.is_system:
                draw_second_reviews(actor, workflow, own)
                draw_planted(actor, workflow, own)
            job_ids = [decision.job.pk for decision in decisions]
            mark_decided(job_ids)
            Claim.objects.filter(job_id__in=job_ids).delete()
            QueuePlace.objects.filter(job_id__in=job_ids).delete()
            subject, decided_at = _subject(decisions), reviews[-1].decided_at
            record_act(actor, Act.REVIEWS_DECIDED, subject, workflow_id=workflow.pk, at=decided_at)
    except IntegrityError as error:
        raise JobAlreadyDecided(_DECIDED_BEFORE) from error
    return reviews


def _find_held(workflow: Workflow, person_id: int, *, besides: Sequence[int], now: datetime) -> Job | None:
    """The job that a person holds; of a first decision and one made again, the one that they were given first.

    Or a reload would bring another job on screen if, and only if, the one on screen is decided again.
    """
    plain = find_held_job(workflow, person_id, besides=besides, now=now)
    again = find_held_second(workflow, person_id, besides=besides, now=now)
    if plain is None or again is None:
        return plain or again
    ends = dict(Claim.objects.filter(job__in=(plain, again)).values_list("job_id", "expires_at"))
    return min((plain, again), key=lambda job: ends[job.pk])


def _require_reviewer(actor: Actor, workflow_id: int) -> int:
    """The id of the person who acts. Only a person can hold or skip a job."""
    require_role(actor, workflow_id, Role.REVIEWER)
    if actor.user_id is None:
        raise PermissionMissing("Only a person who is signed in can take a job from the queue.")
    return actor.user_id


def _lease(person_id: int, job: Job, now: datetime) -> Claim:
    claim, _ = Claim.objects.update_or_create(job=job, defaults={"user_id": person_id, "expires_at": now + LEASE})
    return claim


def _find_same_decision(decision: Decision) -> Review | None:
    return Review.objects.filter(idempotency_key=decision.idempotency_key, job=decision.job).first()


def _refuse_undecidable(job: Job, workflow: Workflow) -> None:
    """A job that nothing chose for review stays out: decisions on picked jobs would bend every rate."""
    if job.workflow_id != workflow.pk:
        raise DecisionRefused(f"Job {job.number} belongs to another workflow. Decide it there.")
    if job.is_waiting:
        return
    if Review.objects.filter(job=job).exists():
        raise JobAlreadyDecided(_DECIDED_BEFORE)
    raise DecisionRefused(f"Job {job.number} does not wait for a decision. Say on its page whether it was used.")


def _refuse_taken_back(decisions: Sequence[Decision]) -> None:
    """A decision that was sent twice must not come back with its second copy after an undo."""
    job_ids = [decision.job.pk for decision in decisions]
    taken_back = set(Retraction.objects.filter(job_id__in=job_ids).values_list("idempotency_key", flat=True))
    if any(decision.idempotency_key in taken_back for decision in decisions):
        raise JobAlreadyDecided(_TAKEN_BACK)


def _subject(decisions: Sequence[Decision]) -> str:
    first = decisions[0]
    return f"job {first.job.number}: {first.verdict}" if len(decisions) == 1 else f"{len(decisions)} jobs"


def refuse_foreign_claims(actor: Actor, jobs: Sequence[Job], now: datetime) -> None:
    """Raise JobClaimedByAnother where somebody else has one of these jobs on screen."""
    if actor.is_system:
        return
    others = [holder for holder in list_holders(jobs, now=now) if holder.user_id != actor.user_id]
    if others:
        raise JobClaimedByAnother(f"{others[0].name} has this job on screen now. Go on with the next one.")


def refuse_unskilled(actor: Actor, jobs: Sequence[Job]) -> None:
    """Raise SkillMissing where the person lacks a skill that one of these jobs of one workflow needs.

    Only people who signed in have skills. Programs with a key and holders of a link were trusted with decisions by
    somebody with the right, and whoever decided imported history did so elsewhere.
    """
    if actor.is_system or not jobs:
        return
    missing = find_missing_skills(jobs[0].workflow_id, actor.user_id, [job.pk for job in jobs])
    if missing is not None:
        number, skills = missing
        raise SkillMissing(
            f"Job {number} needs the skill {skills}, which you do not have. An owner can give it to you."
        )


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field that a person changed."""

    field: str
    kind: str
    from_value: Json = None
    to_value: Json = None


def find_changes(decision: Decision, workflow: Workflow, reasons: dict[str, Reason]) -> tuple[FieldChange, ...]:
    """What a decision changes in the output, field by field. Raises DecisionRefused where it lacks something."""
    if decision.verdict is ReviewVerdict.ACCEPTED:
        if decision.job.output is None:
            raise DecisionRefused("There is no output to accept: the agent gave none. Fill it in, or reject the job.")
        return ()
    if not reasons:
        raise DecisionRefused("This workflow has no reasons to choose from. Ask an owner to add some in Settings.")
    if decision.reason_code not in reasons:
        raise DecisionRefused("Say why: choose one of the reasons below.")
    if decision.verdict is not ReviewVerdict.CORRECTED:
        return ()
    if decision.output is None:
        raise DecisionRefused("A correction needs the output as it should have been.")
    if decision.job.output is None:
        return (FieldChange(field="", kind=HANDED_BACK, to_value=decision.output),)
    changes = diff_fields(decision.job.output, decision.output, workflow.output_schema)
    if not changes:
        raise DecisionRefused("Nothing was changed. Accept the job, or change the field that is wrong.")
    return tuple(
        FieldChange(field=change.field, kind=change.kind, from_value=change.from_value, to_value=change.to_value)
        for change in changes
    )


def _insert_reviews(
    actor: Actor, workflow: Workflow, decisions: Sequence[Decision], reasons: dict[str, Reason], now: datetime
) -> list[Review]:
    return Review.objects.bulk_create(
        [
            Review(
                job=decision.job,
                workflow=workflow,
                verdict=decision.verdict,
                reason=reasons.get(decision.reason_code),
                note=decision.note[:1000],
                output=_output_stood_behind(decision),
                would_recur=decision.would_recur,
                stuck_step=decision.stuck_step[:200],
                seconds=decision.seconds,
                reviewer_name=(decision.decided_by or actor.name)[:200],
                reviewer_id=None if decision.decided_by else actor.user_id,
                decided_at=decision.decided_at or now,
                idempotency_key=decision.idempotency_key,
            )
            for decision in decisions
        ],
        batch_size=200,
    )


def _output_stood_behind(decision: Decision) -> JsonObject | None:
    if decision.verdict is ReviewVerdict.ACCEPTED:
        accepted: JsonObject | None = decision.job.output
        return accepted
    return decision.output if decision.verdict is ReviewVerdict.CORRECTED else None


def _insert_corrections(
    reviews: Sequence[Review], decisions: Sequence[Decision], changes: Sequence[tuple[FieldChange, ...]]
) -> None:
    Correction.objects.bulk_create(
        [
            Correction(
                review=review,
                workflow_id=review.workflow_id,
                job=decision.job,
                field=change.field[:200],
                kind=change.kind,
                from_value=change.from_value,
                to_value=change.to_value,
                reason_code=decision.reason_code,
            )
            for review, decision, of_one in zip(reviews, decisions, changes, strict=True)
            for change in of_one
        ],
        batch_size=200,
    )
