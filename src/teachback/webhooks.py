"""Reads the message that the server sends when a person has decided, after proving that the server sent it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from teachback.reviewed import Decision, parse_decision

ID_HEADER = "webhook-id"
TIME_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
TOLERANCE_SECONDS = 300
_SECRET_MARK = "whsec_"  # noqa: S105  # the mark of one, not one


class WebhookRefused(ValueError):
    """A message that must not be acted on: not signed by who knows the secret, too old, or not readable."""


@dataclass(frozen=True, kw_only=True)
class ReviewMessage:
    """A person decided a job."""

    id: str  # of the message; the same one may come twice
    workflow: str
    job_id: str  # your own id of the job
    decision: Decision


def read_webhook(
    body: bytes, headers: Mapping[str, str], secret: str, *, now_seconds: float | None = None
) -> ReviewMessage:
    """Verify and read a message about a decision. Raises WebhookRefused; then answer 400 and do nothing.

    Give the body as it came, byte for byte. Three headers are needed, in any case of letters: `webhook-id`,
    `webhook-timestamp` (seconds since 1970-01-01 UTC, at most five minutes from now) and `webhook-signature`: one or
    more signatures with a space between them, each `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`, as in
    the Standard Webhooks specification. A secret that begins with `whsec_` is base64; any other is used as it is.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = named.get(ID_HEADER, ""), named.get(TIME_HEADER, "")
    if not stamp.isascii() or not stamp.isdecimal() or not message_id:
        raise WebhookRefused("The message has no id or no time: it was not sent by Teachback.")
    given = [one.removeprefix("v1,") for one in named.get(SIGNATURE_HEADER, "").split() if one.startswith("v1,")]
    expected = _sign(body, message_id, stamp, secret)
    if not any(hmac.compare_digest(_as_bytes(one), expected.encode()) for one in given):
        raise WebhookRefused("The signature is wrong: compare the secret with the one under Settings.")
    now = time.time() if now_seconds is None else now_seconds
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise WebhookRefused("The message is more than five minutes old, or a clock is wrong: it may be a replay.")
    return _read_body(body, message_id)


def sign_webhook(body: bytes, *, message_id: str, at_seconds: int, secret: str) -> dict[str, str]:
    """The three headers with which a message is sent."""
    stamp = str(at_seconds)
    return {
        ID_HEADER: message_id,
        TIME_HEADER: stamp,
        SIGNATURE_HEADER: f"v1,{_sign(body, message_id, stamp, secret)}",
    }


def _sign(body: bytes, message_id: str, stamp: str, secret: str) -> str:
    signed = hmac.new(_key_of(secret), _as_bytes(f"{message_id}.{stamp}.") + body, hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _as_bytes(header: str) -> bytes:
    """A header as it came: frameworks carry what is no UTF-8 as halves of characters."""
    return header.encode("utf-8", "surrogatepass")


def _key_of(secret: str) -> bytes:
    if not secret:
        raise WebhookRefused("There is no secret to compare with: give the one under Settings.")
    if not secret.startswith(_SECRET_MARK):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_MARK), validate=True)
    except ValueError:
        raise WebhookRefused("The secret is not whole: copy it again from Settings.") from None


def _read_body(body: bytes, message_id: str) -> ReviewMessage:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    job = content.get("job") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(job, dict):
        raise WebhookRefused("The message is signed, but holds no job: is the SDK older than the server?")
    return ReviewMessage(
        id=message_id,
        workflow=str(content.get("workflow", "")),
        job_id=str(job.get("id", "")),
        decision=parse_decision(job),
    )
