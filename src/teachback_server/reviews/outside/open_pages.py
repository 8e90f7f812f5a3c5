"""The pages behind a link, for people without an account: one job to decide, or to say whether it was used."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from teachback_server.jobs.models import Job
from teachback_server.jobs.shown_values import list_shown_values
from teachback_server.people.network_address import find_address
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.throttle import MustWait, begin_try, spell_wait
from teachback_server.reviews.actions import DecisionRefused, JobAlreadyDecided, JobClaimedByAnother
from teachback_server.reviews.controls import Control
from teachback_server.reviews.desk_form import DeskForm, FormRefused, filled_form, fresh_form
from teachback_server.reviews.models import ReviewLink
from teachback_server.reviews.outside.deciding_by_link import LinkSpent, decide_by_link, say_used_by_link
from teachback_server.reviews.outside.links import LinkPurpose, LinkState, find_link, tell_state
from teachback_server.reviews.outside.open_documents import list_documents_by_link
from teachback_server.reviews.queries import describe_for_desk, find_review

_ON_A_SCREEN = (
    "Somebody at the desk has this job on screen now, so nothing was saved yet. What you typed is still here: send it "
    "again in a few minutes."
)
_OUTCOMES = {"used": True, "not_used": False}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One thing that somebody typed into a form that could not be saved any more."""

    label: str
    text: str


# Both pages are exempt from the check against forged requests: they look at no cookie, so that another site has nothing
# to misuse. Whoever can send the form knows the token in its address, and whoever knows that needs no other site. The
# check would also refuse honest people: as these pages give their address to nobody, browsers send "Origin: null".
@csrf_exempt
@page(Access.PUBLIC, methods=("GET", "POST"))
def decide(request: PageRequest, token: str) -> HttpResponse:
    """One waiting job for somebody without an account: shown, or decided once with what its form sends.

    Looking at it changes nothing, so that a mail scanner does not use the link up.
    """
    link = find_link(token, LinkPurpose.REVIEW)
    if link is None:
        return _answer_unknown(request)
    if request.method == "POST":
        return _decide(request, link, token)
    state = tell_state(link, at=timezone.now())
    if state is not LinkState.OPEN:
        return _answer_spent(request, link, state)
    return _show_job(request, link, token, None)


@csrf_exempt
@page(Access.PUBLIC, methods=("GET", "POST"))
def say_used(request: PageRequest, token: str) -> HttpResponse:
    """Ask whether the next step could use a job; a button answers, once."""
    link = find_link(token, LinkPurpose.OUTCOME)
    if link is None:
        return _answer_unknown(request)
    said = request.POST.get("outcome", "")
    if request.method == "POST" and said in _OUTCOMES:
        try:
            say_used_by_link(link, is_used=_OUTCOMES[said], note=request.POST.get("note", "").strip())
        except LinkSpent as spent:
            return _answer_spent(request, link, spent.state, typed=_list_note(request))
        return _show(request, "reviews/link_thanks.html", {"link": link, "is_used": _OUTCOMES[said]})
    state = tell_state(link, at=timezone.now())
    if state is not LinkState.OPEN:
        return _answer_spent(request, link, state)
    return _show(request, "reviews/link_outcome.html", {"link": link, **_describe_result(link.job)})


def _decide(request: PageRequest, link: ReviewLink, token: str) -> HttpResponse:
    posted = request.POST.dict()
    try:
        review = decide_by_link(link, posted)
    except LinkSpent as spent:
        return _answer_spent(request, link, spent.state, typed=_list_typed(link, posted))
    except JobAlreadyDecided:
        return _answer_spent(request, link, LinkState.DECIDED, typed=_list_typed(link, posted))
    except FormRefused as refusal:
        form, status = replace(refusal.form, message=str(refusal)), HTTPStatus.UNPROCESSABLE_ENTITY
    except DecisionRefused as refusal:
        form = replace(filled_form(link.job, link.workflow, posted), message=str(refusal))
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    except JobClaimedByAnother:
        form = replace(filled_form(link.job, link.workflow, posted), message=_ON_A_SCREEN)
        status = HTTPStatus.CONFLICT
    else:
        return _show(request, "reviews/link_thanks.html", {"link": link, "review": review})
    return _show_job(request, link, token, form, status=status)


def _show_job(
    request: PageRequest, link: ReviewLink, token: str, form: DeskForm | None, *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    job = describe_for_desk(link.job, link.workflow)
    if form is None:
        stuck = [step.name for step in job.steps if step.is_stuck]
        form = fresh_form(link.job, link.workflow, now=timezone.now(), stuck_step=stuck[-1] if stuck else "")
    # The steps that are left out stand on a page that opens for nobody without an account.
    documents = list_documents_by_link(link.job, job.documents, token)
    shown_job = replace(job, steps_left_out=0, documents=documents)
    shown = {"link": link, "job": shown_job, "left_out": job.steps_left_out, "form": form}
    return _show(request, "reviews/link_job.html", shown, status=status)


def _describe_result(job: Job) -> dict[str, object]:
    """What came in, and what was handed over: what a person stood behind, or else what the agent gave."""
    review = find_review(job, job.workflow.output_schema)
    output = job.output if review is None or review.output is None else review.output
    return {
        "input": list_shown_values(job.input, job.workflow.input_schema),
        "output": None if output is None else list_shown_values(output, job.workflow.output_schema),
    }


def _answer_unknown(request: PageRequest) -> HttpResponse:
    """Nobody guesses a token; whoever tries all the same soon waits, apart from those who sign in from there."""
    try:
        begin_try(f"a link, from {find_address(request)}", "")
    except MustWait as refusal:
        wait = spell_wait(refusal.seconds)
        answer = _show(request, "reviews/link_gone.html", {"wait": wait}, status=HTTPStatus.TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(refusal.seconds)
        return answer
    return _show(request, "reviews/link_gone.html", {}, status=HTTPStatus.NOT_FOUND)


def _answer_spent(
    request: PageRequest, link: ReviewLink, state: LinkState, *, typed: tuple[Typed, ...] = ()
) -> HttpResponse:
    """Why a link opens nothing any more; nothing of its job is shown, but what was typed just now is given back."""
    shown = {"link": link, "state": state.value, "typed": typed}
    return _show(request, "reviews/link_gone.html", shown, status=HTTPStatus.GONE)


def _list_typed(link: ReviewLink, posted: dict[str, str]) -> tuple[Typed, ...]:
    controls = filled_form(link.job, link.workflow, posted).controls
    edits = [Typed(label=one.label, text=one.text) for one in _list_leaves(controls) if one.is_edited]
    return (*edits, *_typed_note(posted.get("note", "")))


def _list_note(request: PageRequest) -> tuple[Typed, ...]:
    return _typed_note(request.POST.get("note", ""))


def _typed_note(text: str) -> tuple[Typed, ...]:
    return (Typed(label="Note", text=text.strip()),) if text.strip() else ()


def _list_leaves(controls: tuple[Control, ...]) -> list[Control]:
    return [leaf for one in controls for leaf in (_list_leaves(one.inner) if one.inner else [one])]


def _show(
    request: PageRequest, template: str, shown: Mapping[str, object], *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    answer = render(request, template, dict(shown), status=status)
    answer["Referrer-Policy"] = "no-referrer"  # the address is the key
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
