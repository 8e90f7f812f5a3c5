"""The message about a decision: read only when it is signed, fresh and whole."""

import base64
import json

import pytest

from teachback.webhooks import WebhookRefused, read_webhook, sign_webhook

SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
NOW = 1_772_438_400
BODY = json.dumps(
    {
        "workflow": "support-desk",
        "job": {
            "id": "t-1",
            "is_final": True,
            "final_output": {"queue": "returns"},
            "review": {"verdict": "corrected", "reason": "Wrong choice", "note": "", "reviewer": "bob"},
        },
    }
).encode()


def headers(body: bytes = BODY, *, secret: str = SECRET, at_seconds: int = NOW) -> dict[str, str]:
    return sign_webhook(body, message_id="msg_1", at_seconds=at_seconds, secret=secret)


def test_a_signed_message_says_what_a_person_decided() -> None:
    message = read_webhook(BODY, headers(), SECRET, now_seconds=NOW + 1)
    assert (message.id, message.workflow, message.job_id) == ("msg_1", "support-desk", "t-1")
    assert message.decision.output == {"queue": "returns"}
    assert message.decision.verdict == "corrected"


def test_the_signature_is_that_of_the_standard() -> None:
    # A published example of Standard Webhooks, so that other libraries read ours and we read theirs.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = sign_webhook(
        b'{"test": 2432232314}', message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at_seconds=1614265330, secret=secret
    )
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_headers_in_any_case_and_more_than_one_signature_are_read() -> None:
    given = {name.title(): value for name, value in headers().items()}
    given["Webhook-Signature"] = f"v1,bm90IHRoaXMgb25l v2,x {given['Webhook-Signature']}"
    assert read_webhook(BODY, given, SECRET, now_seconds=NOW).job_id == "t-1"
    plain = headers(secret="a plain one")
    assert read_webhook(BODY, plain, "a plain one", now_seconds=NOW).job_id == "t-1"


@pytest.mark.parametrize("apart", [-301, 301, 10**9])
def test_a_message_that_is_too_old_or_from_the_future_is_refused(apart: int) -> None:
    with pytest.raises(WebhookRefused, match="five minutes"):
        read_webhook(BODY, headers(), SECRET, now_seconds=NOW + apart)
    assert read_webhook(BODY, headers(), SECRET, now_seconds=NOW + 300).job_id == "t-1"


@pytest.mark.parametrize(
    ("body", "changed", "secret"),
    [
        (BODY + b" ", {}, SECRET),
        (BODY, {"webhook-id": "msg_2"}, SECRET),
        (BODY, {"webhook-timestamp": str(NOW + 1)}, SECRET),
        (BODY, {"webhook-signature": ""}, SECRET),
        (BODY, {"webhook-signature": "v1,"}, SECRET),
        (BODY, {"webhook-signature": "v1,ü"}, SECRET),
        (BODY, {"webhook-timestamp": "now"}, SECRET),
        (BODY, {"webhook-timestamp": "²"}, SECRET),
        (BODY, {"webhook-id": ""}, SECRET),
        (BODY, {}, "whsec_" + base64.b64encode(b"another").decode()),
        (BODY, {}, "whsec_not base64!"),
        (BODY, {}, ""),
    ],
)
def test_a_message_that_anybody_could_have_sent_is_refused(body: bytes, changed: dict[str, str], secret: str) -> None:
    with pytest.raises(WebhookRefused):
        read_webhook(body, {**headers(), **changed}, secret, now_seconds=NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-signature"])
def test_a_header_that_is_no_text_is_refused(name: str) -> None:
    with pytest.raises(WebhookRefused):
        read_webhook(BODY, {**headers(), name: "v1,\udcff"}, SECRET, now_seconds=NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"job": 1}', b"\xff", b"[" * 100_000])
def test_a_signed_message_without_a_job_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefused, match="no job"):
        read_webhook(body, headers(body), SECRET, now_seconds=NOW)
