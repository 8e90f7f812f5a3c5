"""Messages: signed so that the SDK reads them, tried again, given up, and never sent inside."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from builders import House, accept, correct, record_jobs
from teachback.webhooks import WebhookRefused, read_webhook
from teachback_server.people.actor import PermissionMissing
from teachback_server.people.models import AuditEvent
from teachback_server.reviews.models import Message, MessageTarget
from teachback_server.reviews.outside import messages as sending
from teachback_server.reviews.outside import posting
from teachback_server.reviews.outside.addresses import TargetRefused, find_destination
from teachback_server.reviews.outside.messages import PAUSES, describe_queue, see_to_messages, send_due_messages
from teachback_server.reviews.outside.targets import add_target, send_again, stop_target
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@dataclass(kw_only=True)
class Receiver:
    """A receiver on loopback that remembers what came, and answers what it is told to."""

    port: int
    status: int = 200
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(settings, "PRIVATE_TARGETS", ["127.0.0.1"])
    known: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known[0].came.append((dict(self.headers), body))
            self.send_response(known[0].status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    known.append(Receiver(port=server.server_port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield known[0]
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SETTLES_AFTER", timedelta(0))


def test_a_decision_reaches_its_program_signed_and_the_sdk_reads_it(house: House, receiver: Receiver) -> None:
    first, other = record_jobs(house.workflow, [{"queue": "billing"}] * 2)
    accept(house.reviewer, [first])  # before anybody asked for messages
    target = add_target(house.owner, house.workflow, kind="webhook", url=receiver.url)
    correct(house.reviewer, [other], {"queue": "shipping"})
    assert see_to_messages() == 1
    assert see_to_messages() == 0
    ((headers, body),) = receiver.came
    said = read_webhook(body, headers, target.secret)
    assert (said.workflow, said.job_id) == (house.workflow.name, "job-2")
    assert said.decision.verdict == "corrected"
    assert said.decision.output == {"queue": "shipping"}
    with pytest.raises(WebhookRefused):
        read_webhook(body + b" ", headers, target.secret)


def test_a_message_tells_of_a_job_what_the_api_tells(house: House, receiver: Receiver, client: Client) -> None:
    add_target(house.owner, house.workflow, kind="webhook", url=receiver.url)
    (job,) = record_jobs(house.workflow, [{"queue": "billing"}])
    correct(house.reviewer, [job], {"queue": "shipping"})
    see_to_messages()
    ((_, body),) = receiver.came
    key = make_key(house.owner, house.workflow, Scope.JOBS)
    answer = client.get(
        f"/api/v1/workflows/{house.workflow.name}/jobs/{job.number}", headers={"Authorization": f"Bearer {key}"}
    )
    assert json.loads(body)["job"] == answer.json()


def test_what_fails_is_tried_again_with_the_same_id_and_given_up_in_the_end(house: House, receiver: Receiver) -> None:
    receiver.status = 500
    add_target(house.owner, house.workflow, kind="webhook", url=receiver.url)
    accept(house.reviewer, record_jobs(house.workflow, [{"queue": "billing"}] * 2))
    see_to_messages()
    assert len(receiver.came) == 1  # the second waits for the first
    first, second = Message.objects.order_by("pk")
    assert "500" in first.answer
    assert first.next_try_at is not None
    assert first.next_try_at > timezone.now()
    now = timezone.now()
    for _ in range(2 * len(PAUSES) + 2):  # the two messages take turns
        now += timedelta(days=1)
        send_due_messages(now)
    first.refresh_from_db()
    assert first.next_try_at is None
    assert first.delivered_at is None
    receiver.status = 200
    send_again(house.owner, first)
    Message.objects.filter(pk=second.pk).update(next_try_at=timezone.now())
    send_due_messages(timezone.now())
    first.refresh_from_db()
    assert first.delivered_at is not None
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 2


def test_a_redirect_is_not_followed(house: House, receiver: Receiver) -> None:
    receiver.status = 302
    add_target(house.owner, house.workflow, kind="webhook", url=receiver.url)
    accept(house.reviewer, record_jobs(house.workflow, [{"queue": "billing"}]))
    see_to_messages()
    assert "302" in Message.objects.get().answer
    assert Message.objects.get().delivered_at is None


def test_a_target_that_is_away_delays_no_other(house: House, receiver: Receiver) -> None:
    add_target(house.owner, house.workflow, kind="webhook", url="http://127.0.0.1:9/nobody")
    add_target(house.owner, house.workflow, kind="webhook", url=receiver.url)
    accept(house.reviewer, record_jobs(house.workflow, [{"queue": "billing"}]))
    assert see_to_messages() == 2
    assert len(receiver.came) == 1
    assert "refused" in Message.objects.get(delivered_at=None).answer


@pytest.mark.parametrize(
    ("scheme", "at_once"), [("http", b"HTTP/1.1 200 OK\r\n\r\n"), ("http", b"HTT"), ("https", b"\x16\x03\x03\x40\x00")]
)  # after the head of an answer, before it, and while the connection is being secured
def test_a_receiver_that_says_a_letter_at_a_time_is_hung_up_on(
    scheme: str, at_once: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "_IN_ALL_SECONDS", 0.3)
    said, most = [], 200
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dawdle() -> None:
            line, _ = server.accept()
            with line, suppress(OSError):
                line.sendall(at_once)
                for _ in range(most):
                    time.sleep(0.05)
                    line.sendall(b"x")
                    said.append("x")

        receiver = threading.Thread(target=dawdle, daemon=True)
        receiver.start()
        port = server.getsockname()[1]
        destination = find_destination(f"{scheme}://127.0.0.1:{port}/", ["127.0.0.1"], lambda host, port: [host])
        posting.post(destination, b"{}", {})
        receiver.join()
    assert len(said) < most


def test_a_channel_hears_once_a_day_what_waits_and_nothing_of_the_content(house: House, receiver: Receiver) -> None:
    house.workflow.title = "Sales <and> more & so on"
    house.workflow.save(update_fields=["title"])
    add_target(house.owner, house.workflow, kind="slack", url=receiver.url)
    assert see_to_messages() == 0  # nothing waits
    record_jobs(house.workflow, [{"queue": "billing"}] * 3)
    assert see_to_messages() == 1
    assert see_to_messages() == 0
    said = json.loads(receiver.came[0][1])
    assert "3 jobs wait" in said["text"]
    assert "Sales &lt;and&gt; more &amp; so on" in said["text"]
    assert said["blocks"][0]["text"]["text"] == said["text"] == describe_queue(house.workflow, timezone.now())


def test_a_channel_is_shown_the_way_to_the_desk_where_the_public_address_is_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}])
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://teach.example.org")
    said = describe_queue(house.workflow, timezone.now())
    assert said.endswith("<https://teach.example.org/workflows/support-inbox/review|Review>")


def test_a_stopped_target_gets_nothing_and_its_secret_is_gone(house: House, receiver: Receiver) -> None:
    target = add_target(house.owner, house.workflow, kind="webhook", url=f"{receiver.url}?token=hidden")
    secret = target.secret
    stop_target(house.owner, target)
    accept(house.reviewer, record_jobs(house.workflow, [{"queue": "billing"}]))
    assert see_to_messages() == 0
    assert MessageTarget.objects.get().secret == ""
    told = " ".join(AuditEvent.objects.values_list("subject", flat=True))
    assert secret not in told
    assert "hidden" not in told


def test_only_an_owner_says_where_messages_go(house: House, receiver: Receiver, client: Client) -> None:
    with pytest.raises(PermissionMissing):
        add_target(house.reviewer, house.workflow, kind="webhook", url=receiver.url)
    client.force_login(house.alice)
    address = f"/workflows/{house.workflow.name}/settings/messages"
    page = client.post(f"{address}/add", {"kind": "webhook", "url": receiver.url}).content.decode()
    secret = MessageTarget.objects.get().secret
    assert secret.replace("+", "&#x2B;") in page or secret in page
    assert secret[6:20] not in client.get(address).content.decode()
    refused = client.post(f"{address}/add", {"kind": "webhook", "url": "http://10.0.0.1/"}).content.decode()
    assert "lies inside a network" in refused


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
        "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fe80::1%eth0", "192.0.2.1", "198.18.0.1",
        "fec0::1",
    ],
)  # fmt: skip
def test_no_address_inside_is_written_to(address: str) -> None:
    with pytest.raises(TargetRefused):
        find_destination("https://example.org/", [], lambda host, port: [address])
    with pytest.raises(TargetRefused):  # nor where only one of several lies inside
        find_destination("https://example.org/", [], lambda host, port: ["93.184.216.34", address])


def test_the_address_that_was_checked_is_the_one_that_is_used_and_exceptions_are_named() -> None:
    found = find_destination("https://example.org:8443/a?b=c", [], lambda host, port: ["93.184.216.34"])
    assert (found.host, found.port, found.path, found.address) == ("example.org", 8443, "/a?b=c", "93.184.216.34")
    for allowed in (["inside.example"], ["10.0.0.0/8"], ["10.0.0.5"]):
        assert find_destination("http://inside.example/", allowed, lambda host, port: ["10.0.0.5"]).port == 80
    with pytest.raises(TargetRefused):
        find_destination("http://inside.example/", ["10.1.0.0/16"], lambda host, port: ["10.0.0.5"])


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.org/", "https://", "https://user:word@example.org/", "https://exa mple.org/", "file:///etc/passwd",
     "https://example.org:99999/", "https://[::1", "javascript:alert(1)", "https://example.org/\r\nX: y"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        find_destination(url, [], lambda host, port: ["93.184.216.34"])
