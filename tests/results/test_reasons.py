"""Reasons stay useful: renamed, merged and split without changing a decision, and “Other” says what it hides."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from builders import House, record_jobs
from teachback.vocabulary import ReviewVerdict
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.results.counts import count_reasons
from teachback_server.results.reason_list import read_reasons
from teachback_server.reviews.actions import Decision, decide_review
from teachback_server.reviews.models import ReasonEvent, Review
from teachback_server.reviews.note_groups import group_notes
from teachback_server.reviews.queries import list_reasons
from teachback_server.reviews.reasons import (
    ReasonRefused,
    group_other_notes,
    make_reason,
    merge_reason,
    rename_reason,
)
from teachback_server.workflows.models import Reason

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
PAGE = "/workflows/support-inbox/reasons"


def reject(house: House, *said: tuple[str, str]) -> list[Review]:
    """Bob rejects jobs, each with a reason and a note."""
    first = house.workflow.jobs.count() + 1
    jobs = record_jobs(house.workflow, [{"queue": "billing"}] * len(said), first_id=first)
    return [
        decide_review(
            house.reviewer,
            Decision(
                job=job, verdict=ReviewVerdict.REJECTED, idempotency_key=f"r{job.pk}", reason_code=code, note=note
            ),
        )
        for job, (code, note) in zip(jobs, said, strict=True)
    ]


def counted(house: House) -> dict[str, int]:
    return {one.code: one.jobs for one in count_reasons(house.workflow)}


def reason(house: House, code: str) -> Reason:
    return Reason.objects.get(workflow=house.workflow, code=code)


def test_a_renamed_reason_keeps_what_it_counted_and_its_old_words_stay_in_the_history(house: House) -> None:
    reject(house, ("wrong_value", ""))
    old = reason(house, "wrong_value").label
    rename_reason(house.owner, reason(house, "wrong_value"), "  Wrong   amount ")
    assert "Wrong amount" in [choice.label for choice in list_reasons(house.workflow)]
    assert counted(house) == {"wrong_value": 1}
    event = ReasonEvent.objects.get()
    assert (event.old_label, event.new_label, event.by) == (old, "Wrong amount", "alice")
    assert AuditEvent.objects.filter(kind="reasons_edited").count() == 1


@pytest.mark.parametrize("label", ["", " ", "x" * 101, "oTHER"])
def test_a_name_that_is_empty_too_long_or_taken_is_refused(house: House, label: str) -> None:
    with pytest.raises(ReasonRefused):
        rename_reason(house.owner, reason(house, "wrong_value"), label)
    assert not ReasonEvent.objects.exists()


def test_a_merged_reason_leaves_the_desk_and_is_counted_as_the_other_one(house: House) -> None:
    reject(house, ("wrong_value", ""), ("wrong_choice", ""), ("missing_information", ""))
    merge_reason(house.owner, reason(house, "wrong_value"), reason(house, "wrong_choice"))
    assert "wrong_value" not in [choice.code for choice in list_reasons(house.workflow)]
    assert counted(house) == {"wrong_choice": 2, "missing_information": 1}
    merge_reason(house.owner, reason(house, "wrong_choice"), reason(house, "missing_information"))
    assert counted(house) == {"missing_information": 3}
    assert Review.objects.filter(reason__code="wrong_value").count() == 1


def test_a_merged_reason_that_comes_back_to_the_list_counts_by_itself_again(house: House) -> None:
    reject(house, ("wrong_value", ""))
    merge_reason(house.owner, reason(house, "wrong_value"), reason(house, "wrong_choice"))
    Reason.objects.filter(code="wrong_value").update(is_offered=True)
    assert counted(house) == {"wrong_value": 1}


def test_other_and_a_reason_itself_cannot_be_merged(house: House) -> None:
    for one, into in (("other", "wrong_value"), ("wrong_value", "wrong_value")):
        with pytest.raises(ReasonRefused):
            merge_reason(house.owner, reason(house, one), reason(house, into))


def test_a_split_counts_chosen_decisions_under_a_new_reason(house: House) -> None:
    reviews = reject(house, *[("wrong_value", "")] * 3)
    elsewhere = Review.objects.exclude(workflow=house.workflow)
    new = make_reason(house.owner, house.workflow, "Rounded", [reviews[0].pk, reviews[2].pk, 10**9])
    assert (new.code, counted(house)) == ("rounded", {"wrong_value": 1, "rounded": 2})
    assert not elsewhere.exists()
    assert list_reasons(house.workflow)[-1].label == "Rounded"
    make_reason(house.owner, house.workflow, "Rounded up", [reviews[0].pk])
    assert counted(house) == {"wrong_value": 1, "rounded": 1, "rounded_up": 1}


def test_notes_of_other_that_keep_coming_back_are_offered_and_leave_once_they_are_a_reason(house: House) -> None:
    notes = ["The VAT number is missing", "no VAT number given", "vat number of the old firm", "Looks odd"]
    reject(house, *[("other", note) for note in notes], ("wrong_value", "vat number"))
    (group,) = group_other_notes(house.workflow)
    assert (group.label, len(group.review_ids)) == ("Vat number", 3)
    make_reason(house.owner, house.workflow, group.label, group.review_ids)
    assert group_other_notes(house.workflow) == ()
    assert counted(house) == {"other": 1, "vat_number": 3, "wrong_value": 1}


def test_notes_are_grouped_by_their_own_words_and_each_falls_into_one_group() -> None:
    notes = dict.fromkeys(range(5), "wrong tax rate") | {n: f"duplicate invoice {n}" for n in range(5, 9)}
    groups = group_notes(notes | {9: "the and with", 10: "", 11: "invoice"})
    assert [(group.label, len(group.review_ids)) for group in groups] == [("Tax rate", 5), ("Duplicate invoice", 4)]
    assert group_notes({}) == ()


def test_only_an_editor_changes_the_list(house: House) -> None:
    with pytest.raises(PermissionMissing):
        rename_reason(house.reviewer, reason(house, "other"), "Else")
    with pytest.raises(PermissionMissing):
        make_reason(house.reviewer, house.workflow, "Mine", [])


def test_the_history_of_reasons_is_never_rewritten(house: House) -> None:
    rename_reason(house.owner, reason(house, "other"), "Else")
    for act in (ReasonEvent.objects.all().delete, lambda: ReasonEvent.objects.update(by="x")):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_the_page_shows_shares_and_does_all_three(house: House, client: Client) -> None:
    reviews = reject(house, *[("other", "vat number")] * 3, ("wrong_value", "<b>bold</b>"))
    client.force_login(house.alice)
    page = client.get(PAGE, {"split": "wrong_value"}).content.decode()
    assert "3 of 4" in page
    assert "&lt;b&gt;bold" in page
    client.post(f"{PAGE}/wrong_value/rename", {"label": "Wrong figure"})
    client.post(f"{PAGE}/new", {"label": "VAT", "review": [str(review.pk) for review in reviews[:3]]})
    answer = client.post(f"{PAGE}/vat/merge", {"into": "wrong_value"}, follow=True)
    assert "“VAT” is counted as “Wrong figure”" in answer.content.decode()
    assert counted(house) == {"wrong_value": 4}
    assert "on the list already" in client.post(f"{PAGE}/new", {"label": "other"}, follow=True).content.decode()
    assert client.post(f"{PAGE}/vat/merge", {"into": "nothing"}).status_code == 404


def test_reasons_that_nobody_gave_have_no_share(house: House) -> None:
    read = read_reasons(house.workflow)
    assert read.rows
    assert all(row.measured is None for row in read.rows)
