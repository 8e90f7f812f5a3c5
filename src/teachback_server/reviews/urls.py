"""Addresses of the desk and of the list of jobs with their decisions."""

from django.urls import path

from teachback_server.reviews import job_pages, pages, queue_pages, session_pages, skill_pages
from teachback_server.reviews.agreement import pages as agreement_pages
from teachback_server.reviews.equal_jobs import pages as equal_pages
from teachback_server.reviews.outside import (
    link_pages,
    mail_pages,
    message_pages,
    open_documents,
    open_pages,
    sheet_pages,
)

urlpatterns = [
    path("workflows/<slug:workflow_name>/jobs", job_pages.show_jobs, name="jobs"),
    path("workflows/<slug:workflow_name>/review", pages.show_desk, name="review"),
    path("workflows/<slug:workflow_name>/review/next", pages.next_job, name="review-next"),
    path("workflows/<slug:workflow_name>/review/session", session_pages.show_session, name="review-session"),
    path("workflows/<slug:workflow_name>/review/agreement", agreement_pages.show_agreement, name="review-agreement"),
    path(
        "workflows/<slug:workflow_name>/review/agreement/shares", agreement_pages.shares, name="review-agreement-shares"
    ),
    path(
        "workflows/<slug:workflow_name>/review/agreement/resume", agreement_pages.resume, name="review-agreement-resume"
    ),
    path("workflows/<slug:workflow_name>/settings/messages", message_pages.show_messages, name="settings-messages"),
    path("workflows/<slug:workflow_name>/settings/messages/add", message_pages.add, name="settings-messages-add"),
    path(
        "workflows/<slug:workflow_name>/settings/messages/<int:target_id>/stop",
        message_pages.stop,
        name="settings-messages-stop",
    ),
    path(
        "workflows/<slug:workflow_name>/settings/messages/<int:target_id>/test",
        message_pages.test,
        name="settings-messages-test",
    ),
    path(
        "workflows/<slug:workflow_name>/settings/messages/again/<int:message_id>",
        message_pages.again,
        name="settings-messages-again",
    ),
    path("workflows/<slug:workflow_name>/settings/skills", skill_pages.show_skills, name="settings-skills"),
    path("workflows/<slug:workflow_name>/settings/skills/add", skill_pages.add, name="settings-skills-add"),
    path(
        "workflows/<slug:workflow_name>/settings/skills/<int:skill_id>/holders",
        skill_pages.give,
        name="settings-skills-holders",
    ),
    path(
        "workflows/<slug:workflow_name>/settings/skills/<int:skill_id>/remove",
        skill_pages.remove,
        name="settings-skills-remove",
    ),
    path("account/mails", mail_pages.mails, name="account-mails"),
    path("r/<str:token>", open_pages.decide, name="open-review"),
    path("r/<str:token>/documents/<int:attachment_id>", open_documents.show_document, name="open-document"),
    path(
        "r/<str:token>/documents/<int:attachment_id>/pages/<int:page>",
        open_documents.show_document_page,
        name="open-document-page",
    ),
    path("u/<str:token>", open_pages.say_used, name="open-outcome"),
    path("workflows/<slug:workflow_name>/review/sheet", sheet_pages.show_sheet, name="review-sheet"),
    path("workflows/<slug:workflow_name>/review/sheet/waiting.csv", sheet_pages.take_sheet, name="review-sheet-take"),
    path("workflows/<slug:workflow_name>/review/sheet/give", sheet_pages.give_sheet, name="review-sheet-give"),
    path("workflows/<slug:workflow_name>/review/links", link_pages.show_links, name="review-links"),
    path(
        "workflows/<slug:workflow_name>/review/links/<int:link_id>/revoke",
        link_pages.revoke,
        name="review-links-revoke",
    ),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/link", link_pages.make, name="job-link"),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/vouch", agreement_pages.vouch, name="job-vouch"),
    path("workflows/<slug:workflow_name>/review/queue", queue_pages.show_queue, name="review-queue"),
    path("workflows/<slug:workflow_name>/review/queue/place", queue_pages.place, name="review-queue-place"),
    path("workflows/<slug:workflow_name>/review/queue/terms", queue_pages.terms, name="review-queue-terms"),
    path("workflows/<slug:workflow_name>/review/skipped", pages.show_skipped, name="review-skipped"),
    path("workflows/<slug:workflow_name>/review/<int:number>", pages.one_job, name="review-job"),
    path("workflows/<slug:workflow_name>/review/<int:number>/equal", equal_pages.equal_jobs, name="review-equal"),
    path("workflows/<slug:workflow_name>/review/<int:number>/keep", pages.keep_job, name="review-keep"),
    path("workflows/<slug:workflow_name>/review/<int:number>/skip", pages.skip, name="review-skip"),
]
