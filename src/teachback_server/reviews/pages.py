"""The desk: one waiting job at a time, decided with two keys or, without any script, with plain forms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job, list_telling_steps
from teachback_server.reviews.actions import (
    DecisionRefused,
    JobAlreadyDecided,
    JobClaimedByAnother,
    SkillMissing,
    claim_job,
    claim_next_job,
    show_skipped_jobs,
    skip_job,
)
from teachback_server.reviews.agreement.deciding import decide_at_desk
from teachback_server.reviews.claims import get_queue_state
from teachback_server.reviews.desk_form import DeskForm, FormRefused, filled_form, fresh_form, read_decision
from teachback_server.reviews.equal_jobs.offering import find_offer
from teachback_server.reviews.models import Review, SecondReview
from teachback_server.reviews.queries import describe_for_desk, list_corrected_fields
from teachback_server.reviews.sessions import find_session
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page

_MOST_DIGITS = 10
_MOST_HELD = 50  # numbers that a desk may name as jobs it has on screen or on the way


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the desk is told about one act, as a page or, for its script, as JSON."""

    status: HTTPStatus
    message: str
    form: DeskForm | None = None


@workflow_page(Role.REVIEWER)
def show_desk(request: WorkflowRequest) -> HttpResponseBase:
    """The next job for this person, which is theirs for four minutes from now on."""
    job = claim_next_job(request.actor, request.workflow)
    if job is None:
        queue = get_queue_state(request.workflow, request.actor.user_id or 0, now=timezone.now())
        session = find_session(request.actor, request.workflow, now=timezone.now())
        return render(request, "reviews/nothing_waits.html", {"queue": queue, "session": session})
    return _show(request, job, _fresh_form(job, request))


@workflow_page(Role.REVIEWER, methods=("POST",))
def next_job(request: WorkflowRequest) -> HttpResponseBase:
    """The job after those that the desk holds already, as a piece of a page; no content when there is none."""
    texts = request.POST.get("holding", "").split(",")[:_MOST_HELD]
    held = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS]
    job = claim_next_job(request.actor, request.workflow, besides=held)
    if job is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return HttpResponse(_render_job(request, job, _fresh_form(job, request)))


@workflow_page(Role.REVIEWER, methods=("GET", "POST"))
def one_job(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """One job at the desk: shown, or decided with what its form sends."""
    job = find_job(request.workflow, number)
    if job is None:
        return _answer_vanished(request, number)
    return _decide(request, job) if request.method == "POST" else _open(request, job)


@workflow_page(Role.REVIEWER, methods=("POST",))
def keep_job(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """Renew the lease on a job that somebody is still working on."""
    job = _get_job(request, number)
    try:
        claim_job(request.actor, job)
    except (JobAlreadyDecided, JobClaimedByAnother, SkillMissing) as refusal:
        return JsonResponse({"message": str(refusal)}, status=HTTPStatus.CONFLICT)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@workflow_page(Role.REVIEWER, methods=("POST",))
def skip(request: WorkflowRequest, number: int) -> HttpResponseBase:
    """Hide a job from this person."""
    skip_job(request.actor, _get_job(request, number))
    if _wants_json(request):
        return JsonResponse({"message": f"Job {number} is left for others."})
    messages.info(request, f"You skipped job {number}. Others still see it.")
    return redirect("review", workflow_name=request.workflow.name)


@workflow_page(Role.REVIEWER, methods=("POST",))
def show_skipped(request: WorkflowRequest) -> HttpResponseBase:
    """Bring back what this person skipped."""
    show_skipped_jobs(request.actor, request.workflow)
    return redirect("review", workflow_name=request.workflow.name)


def _open(request: WorkflowRequest, job: Job) -> HttpResponseBase:
    try:
        claim_job(request.actor, job)
    except SkillMissing as refusal:
        messages.warning(request, str(refusal))
        return redirect("job", workflow_name=request.workflow.name, number=job.number)
    except (JobAlreadyDecided, JobClaimedByAnother) as refusal:
        messages.warning(request, f"Job {job.number}: {refusal}")
        return redirect("job", workflow_name=request.workflow.name, number=job.number)
    return _show(request, job, _fresh_form(job, request))


def _decide(request: WorkflowRequest, job: Job) -> HttpResponseBase:
    posted = request.POST.dict()
    try:
        decision = read_decision(job, request.workflow, posted)
        review = decide_at_desk(request.actor, decision)
    except FormRefused as refusal:
        answer = Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY, message=str(refusal), form=refusal.form)
    except SkillMissing as refusal:  # like a job that another has: the desk goes on, or keeps what was typed
        answer = Answer(status=HTTPStatus.CONFLICT, message=str(refusal))
    except DecisionRefused as refusal:
        answer = Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY, message=str(refusal))
    except (JobAlreadyDecided, JobClaimedByAnother) as refusal:
        answer = Answer(status=HTTPStatus.CONFLICT, message=f"Job {job.number}: {refusal}")
    else:
        return _answer_decided(request, job, review)
    return _answer_refused(request, job, posted, answer)


def _answer_decided(request: WorkflowRequest, job: Job, review: Review | SecondReview) -> HttpResponseBase:
    sentence, offer = _describe_decision(job, review), find_offer(request.actor, job, review)
    is_page = not _wants_json(request)
    if is_page or "is_last" in request.POST:  # the script has nothing more to show and loads a page, which says it
        messages.success(request, sentence)
        if offer is not None:
            messages.info(request, offer.as_message())
    if is_page:
        return redirect("review", workflow_name=request.workflow.name)
    return JsonResponse({"message": sentence, "offer": offer.as_json() if offer else None})


def _answer_refused(request: WorkflowRequest, job: Job, posted: Mapping[str, str], answer: Answer) -> HttpResponseBase:
    form = answer.form or filled_form(job, request.workflow, posted)
    if _wants_json(request):
        return JsonResponse({"message": answer.message, "errors": form.errors}, status=answer.status)
    return _show(request, job, replace(form, message=answer.message), status=answer.status)


def _answer_vanished(request: WorkflowRequest, number: int) -> HttpResponseBase:
    message = f"There is no job {number} in this workflow any more. Go on with the next one."
    if _wants_json(request):
        return JsonResponse({"message": message, "errors": {}}, status=HTTPStatus.NOT_FOUND)
    messages.warning(request, message)
    return redirect("review", workflow_name=request.workflow.name)


def _describe_decision(job: Job, review: Review | SecondReview) -> str:
    """What was decided and, only now, why the job was here and how sure the agent had been."""
    corrections = [field for field in list_corrected_fields(review) if field]
    what = f" ({', '.join(corrections)})" if corrections else ""
    why = f" It was here because: {job.routing_reason.rstrip('.')}."
    sure = "" if job.confidence is None else f" The agent was {job.confidence * 100:.0f}\u00a0% sure."
    return f"Job {job.number} {ReviewVerdict(review.verdict).value}{what}.{why}{sure}"


def _fresh_form(job: Job, request: WorkflowRequest) -> DeskForm:
    stuck = [step.name for step in list_telling_steps(job).steps if step.is_stuck]
    return fresh_form(job, request.workflow, now=timezone.now(), stuck_step=stuck[-1] if stuck else "")


def _show(
    request: WorkflowRequest, job: Job, form: DeskForm, *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponseBase:
    context = {**_job_context(request, job, form), "desk": reverse("review", args=[request.workflow.name])}
    return render(request, "reviews/desk.html", context, status=status)


def _render_job(request: WorkflowRequest, job: Job, form: DeskForm) -> str:
    return render_to_string("reviews/desk_job.html", _job_context(request, job, form), request)


def _job_context(request: WorkflowRequest, job: Job, form: DeskForm) -> dict[str, object]:
    return {
        "job": describe_for_desk(job, request.workflow, request.actor.user_id or 0),
        "form": form,
        "workflow": request.workflow,
    }


def _get_job(request: WorkflowRequest, number: int) -> Job:
    job = find_job(request.workflow, number)
    if job is None:
        raise Http404(f"There is no job {number} in this workflow.")
    return job


def _wants_json(request: WorkflowRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")
