"""The audit trail: every kind of act has an id and a sentence, and every act appends one row in its own transaction."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from teachback.json_types import Json
from teachback_server.people.actor import Actor
from teachback_server.people.models import AuditEvent


class Act(StrEnum):
    """Every act that leaves a trace; the value is its id, the sentence stands in SENTENCES."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    USER_MADE = "user_made"
    USER_DEACTIVATED = "user_deactivated"
    USER_ACTIVATED = "user_activated"
    LINK_MADE = "link_made"
    PASSWORD_CHOSEN = "password_chosen"  # noqa: S105
    MAIL_ADDRESS_CHOSEN = "mail_address_chosen"
    SESSION_ENDED = "session_ended"
    WORKFLOW_MADE = "workflow_made"
    BOUNDARY_EDITED = "boundary_edited"
    OWNER_NAMED = "owner_named"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    PERSON_INVITED = "person_invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    NAME_IN_TRACES_GIVEN = "name_in_traces_given"
    NAME_IN_TRACES_TAKEN = "name_in_traces_taken"
    RELEASE_MADE = "release_made"
    RELEASE_WENT_LIVE = "release_went_live"
    RELEASE_ROLLED_BACK = "release_rolled_back"
    AUTONOMY_TAKEN_BACK = "autonomy_taken_back"
    JOBS_RECORDED = "jobs_recorded"
    DOCUMENT_ATTACHED = "document_attached"
    OUTCOME_RECORDED = "outcome_recorded"
    REVIEWS_DECIDED = "reviews_decided"
    REVIEWS_ACCEPTED_TOGETHER = "reviews_accepted_together"
    REVIEW_TAKEN_BACK = "review_taken_back"
    SECOND_REVIEW_DECIDED = "second_review_decided"
    SECOND_REVIEW_TAKEN_BACK = "second_review_taken_back"
    DECISION_SETTLED = "decision_settled"
    ANSWER_VOUCHED_FOR = "answer_vouched_for"
    MESSAGES_TARGETED = "messages_targeted"
    MESSAGES_STOPPED = "messages_stopped"
    JOB_LINK_MADE = "job_link_made"
    JOB_LINK_REVOKED = "job_link_revoked"
    LEARNING_FROZEN = "learning_frozen"
    LEARNING_RESUMED = "learning_resumed"
    QUEUE_PLACED = "queue_placed"
    REVIEW_TERMS_SET = "review_terms_set"
    JOBS_PASSED_ON = "jobs_passed_on"
    SKILL_ADDED = "skill_added"
    SKILL_GIVEN = "skill_given"
    SKILL_REMOVED = "skill_removed"
    REASONS_EDITED = "reasons_edited"
    CHANGE_PROPOSED = "change_proposed"
    CHANGE_JUDGED = "change_judged"
    CHANGE_DECLINED = "change_declined"
    CHANGE_ASSIGNED = "change_assigned"
    PATTERN_EDITED = "pattern_edited"
    HISTORY_UPLOADED = "history_uploaded"
    HISTORY_DISCARDED = "history_discarded"
    BACKTEST_STARTED = "backtest_started"
    BACKTEST_FINISHED = "backtest_finished"


SENTENCES: Mapping[Act, str] = {
    Act.SIGNED_IN: "signed in",
    Act.SIGN_IN_FAILED: "failed again and again to sign in as {subject}",
    Act.USER_MADE: "added {subject}",
    Act.USER_DEACTIVATED: "deactivated {subject}",
    Act.USER_ACTIVATED: "activated {subject} again",
    Act.LINK_MADE: "made a one-time link for {subject}",
    Act.PASSWORD_CHOSEN: "chose a new password for {subject}",
    Act.MAIL_ADDRESS_CHOSEN: "chose where mails to {subject} go",
    Act.SESSION_ENDED: "signed {subject} out elsewhere",
    Act.WORKFLOW_MADE: "made the workflow {subject}",
    Act.BOUNDARY_EDITED: "edited the boundary of {subject}",
    Act.OWNER_NAMED: "named {subject} the owner",
    Act.ROLE_GIVEN: "gave a role: {subject}",
    Act.ROLE_TAKEN: "took the role of {subject}",
    Act.PERSON_INVITED: "invited {subject}",
    Act.INVITATION_WITHDRAWN: "withdrew the invitation of {subject}",
    Act.KEY_MADE: "made the key {subject}",
    Act.KEY_REVOKED: "revoked the key {subject}",
    Act.NAME_IN_TRACES_GIVEN: "said that traces with {subject} belong here",
    Act.NAME_IN_TRACES_TAKEN: "said that traces with {subject} no longer belong here",
    Act.RELEASE_MADE: "made {subject}",
    Act.RELEASE_WENT_LIVE: "put {subject} live",
    Act.RELEASE_ROLLED_BACK: "rolled back to {subject}",
    Act.AUTONOMY_TAKEN_BACK: "took autonomy back from {subject}",
    Act.JOBS_RECORDED: "recorded {subject}",
    Act.DOCUMENT_ATTACHED: "attached {subject}",
    Act.OUTCOME_RECORDED: "said whether {subject} was used",
    Act.REVIEWS_DECIDED: "decided {subject}",
    Act.REVIEWS_ACCEPTED_TOGETHER: "accepted without opening each {subject}",
    Act.REVIEW_TAKEN_BACK: "took back their decision on {subject}",
    Act.SECOND_REVIEW_DECIDED: "decided once more, without seeing the first decision, {subject}",
    Act.SECOND_REVIEW_TAKEN_BACK: "took back their second decision on {subject}",
    Act.DECISION_SETTLED: "settled {subject}, on which two people had differed",
    Act.ANSWER_VOUCHED_FOR: "said whether the answer is known to be right: {subject}",
    Act.MESSAGES_TARGETED: "had messages sent to {subject}",
    Act.MESSAGES_STOPPED: "stopped the messages to {subject}",
    Act.JOB_LINK_MADE: "made a link by which somebody without an account comes to {subject}",
    Act.JOB_LINK_REVOKED: "revoked the link to {subject}",
    Act.LEARNING_FROZEN: "paused learning: {subject}",
    Act.LEARNING_RESUMED: "let learning go on: {subject}",
    Act.QUEUE_PLACED: "said how and by whom to decide {subject}",
    Act.JOBS_PASSED_ON: "passed on {subject}",
    Act.SKILL_ADDED: "said that some jobs need the skill {subject}",
    Act.SKILL_GIVEN: "said who has the skill {subject}",
    Act.SKILL_REMOVED: "said that no job needs the skill {subject}",
    Act.REASONS_EDITED: "edited the reasons ({subject})",
    Act.REVIEW_TERMS_SET: "said how jobs are to be decided: {subject}",
    Act.CHANGE_PROPOSED: "proposed {subject}",
    Act.CHANGE_JUDGED: "judged {subject}",
    Act.CHANGE_DECLINED: "declined {subject}",
    Act.CHANGE_ASSIGNED: "said who looks after {subject}",
    Act.PATTERN_EDITED: "edited the pattern {subject}",
    Act.HISTORY_UPLOADED: "uploaded {subject}",
    Act.HISTORY_DISCARDED: "discarded the uploaded file {subject}",
    Act.BACKTEST_STARTED: "started a backtest of {subject}",
    Act.BACKTEST_FINISHED: "finished a backtest of {subject}",
}


def record_act(
    actor: Actor,
    act: Act,
    subject: str,
    *,
    workflow_id: int | None = None,
    details: Mapping[str, Json] | None = None,
    at: datetime | None = None,
) -> None:
    """Append one act to the trail; call it inside the transaction of the act."""
    AuditEvent.objects.create(
        at=at or timezone.now(),
        actor_name=actor.name,
        actor_user_id=actor.user_id,
        kind=act.value,
        workflow_id=workflow_id,
        subject=subject[:200],
        details=dict(details or {}),
    )
