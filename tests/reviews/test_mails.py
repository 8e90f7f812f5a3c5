"""Mails about what waits: at most one a day to whoever wished for them, tried again, and never with a secret."""

import smtplib
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from builders import House, accept, record_jobs
from servers import run_teachback
from teachback_server.people.models import AuditEvent, User
from teachback_server.project.outgoing import read_mail_from, read_mail_server, read_public_url
from teachback_server.reviews.models import MailWish, SecondReview
from teachback_server.reviews.outside.mail_digest import MAILS_PATH, find_waiting_work
from teachback_server.reviews.outside.mails import see_to_mails, wish_for_mails
from teachback_server.reviews.placing import Placing, place_jobs, set_terms
from teachback_server.reviews.queue_order import Priority
from teachback_server.workflows.actions import take_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

SEVEN = datetime(2026, 3, 9, 7, 5, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def mail_is_set_up(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    settings.DEFAULT_FROM_EMAIL = "Teachback <teachback@example.org>"
    settings.PUBLIC_URL = "https://teach.example.org"


@pytest.fixture
def bob(house: House) -> User:
    """Bob, who wants mails from seven on."""
    User.objects.filter(pk=house.bob.pk).update(email="bob@example.org")
    wish_for_mails(house.bob, [house.workflow], hour=7)
    return house.bob


def test_a_mail_says_what_waits_once_a_day_from_the_wished_hour_on(house: House, bob: User) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}] * 3)
    assert see_to_mails(SEVEN - timedelta(hours=1)) == 0
    assert see_to_mails(SEVEN) == 1
    assert see_to_mails(SEVEN + timedelta(hours=5)) == 0
    assert see_to_mails(SEVEN + DAY) == 1
    first = mail.outbox[0]
    assert first.subject == "3 jobs wait for a decision in Support inbox"
    assert (first.to, first.from_email) == (["bob@example.org"], "Teachback <teachback@example.org>")
    assert "https://teach.example.org/workflows/support-inbox/review\n" in first.body
    assert "Job 1 (job-1)" in first.body
    assert first.extra_headers["List-Unsubscribe"] == "<https://teach.example.org/account/mails>"


def test_no_mail_is_sent_while_nothing_waits_and_one_as_soon_as_something_does(house: House, bob: User) -> None:
    assert see_to_mails(SEVEN) == 0
    jobs = record_jobs(house.workflow, [{"queue": "billing"}])
    assert see_to_mails(SEVEN + timedelta(hours=2)) == 1
    accept(house.reviewer, jobs)
    assert see_to_mails(SEVEN + DAY) == 0
    assert mail.outbox[0].subject == "1 job waits for a decision in Support inbox"


def test_a_mail_names_what_is_overdue_and_leaves_out_what_is_for_others(house: House, bob: User) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}] * 4)
    set_terms(house.owner, house.workflow, decide_within_hours=24)
    place_jobs(house.owner, house.workflow, [2], Placing(priority=Priority.URGENT, due_at=None, assignee=house.alice))
    assert see_to_mails(SEVEN) == 1
    (sent,) = mail.outbox
    assert sent.subject == "3 jobs wait for a decision in Support inbox (3 overdue)"
    assert "Job 2" not in sent.body
    assert "was due" in sent.body


def test_a_job_to_be_decided_again_counts_and_is_not_named(house: House, bob: User) -> None:
    jobs = record_jobs(house.workflow, [{"queue": "billing"}])
    accept(house.owner, jobs)
    SecondReview.objects.all().delete()
    SecondReview.objects.create(job=jobs[0], workflow=house.workflow, kind="second", asked_at=SEVEN, probability=0.03)
    assert see_to_mails(SEVEN) == 1
    assert mail.outbox[0].subject == "1 job waits for a decision in Support inbox"
    assert "Job 1" not in mail.outbox[0].body


def test_a_mail_says_nothing_that_sways_a_decision(house: House, bob: User) -> None:
    (job,) = record_jobs(house.workflow, [{"queue": "billing"}], confidence=0.617)
    see_to_mails(SEVEN)
    for text in (mail.outbox[0].body, str(mail.outbox[0].alternatives)):
        assert job.routing_reason not in text
        assert "61" not in text
        assert "billing" not in text


def test_what_comes_from_data_is_escaped_and_cannot_add_a_header(house: House, bob: User) -> None:
    house.workflow.title = "<b>Inbox</b>\nBcc: everyone@example.org"
    house.workflow.save()
    record_jobs(house.workflow, [{"queue": "billing"}])
    assert see_to_mails(SEVEN) == 1
    ((html, kind),) = mail.outbox[0].alternatives
    assert kind == "text/html"
    assert "&lt;b&gt;Inbox&lt;/b&gt;" in html
    assert "\n" not in mail.outbox[0].subject
    assert "Bcc" not in mail.outbox[0].message()


def test_two_workflows_come_in_one_mail(house: House) -> None:
    User.objects.filter(pk=house.charlie.pk).update(is_administrator=True, email="c@example.org")
    for workflow in (house.workflow, house.elsewhere):
        record_jobs(workflow, [{"queue": "billing"}])
    wish_for_mails(User.objects.get(pk=house.charlie.pk), [house.workflow, house.elsewhere], hour=7)
    assert see_to_mails(SEVEN) == 1
    assert mail.outbox[0].subject == "2 jobs wait for a decision"
    assert "Support inbox: 1 job waits" in mail.outbox[0].body
    assert "Elsewhere: 1 job waits" in mail.outbox[0].body


def test_nobody_hears_of_a_workflow_in_which_they_decide_no_more(house: House, bob: User) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}])
    wish_for_mails(house.charlie, [house.workflow], hour=7)  # who never did
    assert not MailWish.objects.filter(user=house.charlie).exists()
    take_role(house.owner, house.workflow, bob)
    assert see_to_mails(SEVEN) == 0
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert see_to_mails(SEVEN) == 0


class Broken(EmailBackend):
    """A mail server that fails as it is told to."""

    problem: Exception = ConnectionRefusedError("secret words of the server")

    def send_messages(self, messages: object) -> int:
        raise self.problem


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ConnectionRefusedError("secret"), "could not be reached"),
        (TimeoutError("secret"), "did not answer in time"),
        (smtplib.SMTPAuthenticationError(535, b"secret"), "does not take the name and password"),
        (smtplib.SMTPDataError(451, b"secret"), "code 451"),
        (smtplib.SMTPNotSupportedError("secret"), "does not encrypt"),
        (smtplib.SMTPSenderRefused(550, b"secret", "x"), "TEACHBACK_MAIL_FROM"),
    ],
)
def test_a_mail_that_did_not_go_out_is_shown_and_goes_out_in_a_later_round(
    house: House, bob: User, settings: Settings, client: Client, problem: Exception, said: str
) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}])
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.Broken"
    Broken.problem = problem
    assert see_to_mails(SEVEN) == 0
    client.force_login(bob)
    page = client.get(MAILS_PATH).content.decode()
    assert said in page
    assert "secret" not in page
    settings.EMAIL_BACKEND = working
    assert see_to_mails(SEVEN + timedelta(minutes=1)) == 1
    assert "did not go out" not in client.get(MAILS_PATH).content.decode()


def test_an_address_that_the_server_refuses_is_tried_the_next_day_and_holds_up_nobody(
    house: House, bob: User, settings: Settings
) -> None:
    User.objects.filter(pk=house.alice.pk).update(email="alice@example.org")
    wish_for_mails(house.alice, [house.workflow], hour=7)
    record_jobs(house.workflow, [{"queue": "billing"}])
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    Broken.problem = smtplib.SMTPRecipientsRefused({})
    assert see_to_mails(SEVEN) == 0
    assert {wish.last_sent_on for wish in MailWish.objects.all()} == {SEVEN.date()}
    assert all("does not take your address" in wish.problem for wish in MailWish.objects.all())


def test_without_a_mail_server_nothing_is_sent_and_the_page_says_what_is_missing(
    house: House, bob: User, settings: Settings, client: Client
) -> None:
    settings.EMAIL_HOST = ""
    record_jobs(house.workflow, [{"queue": "billing"}])
    assert see_to_mails(SEVEN) == 0
    assert MailWish.objects.get().last_sent_on is None
    client.force_login(bob)
    page = client.get(MAILS_PATH).content.decode()
    assert "TEACHBACK_SMTP_URL" in page
    assert "TEACHBACK_MAIL_FROM" not in page


def test_a_person_says_on_their_page_what_they_want_mails_about(house: House, client: Client) -> None:
    client.force_login(house.bob)
    wanted = {"workflows": [str(house.workflow.pk)], "hour": "6"}
    refused = client.post(MAILS_PATH, {**wanted, "address": ""})
    assert refused.status_code == 422
    assert "no e-mail address" in refused.content.decode()
    assert not MailWish.objects.exists()
    client.post(MAILS_PATH, {**wanted, "address": "bob@example.org"})
    wish = MailWish.objects.get()
    assert (wish.user, wish.workflow, wish.hour) == (house.bob, house.workflow, 6)
    assert User.objects.get(pk=house.bob.pk).email == "bob@example.org"
    assert AuditEvent.objects.filter(kind="mail_address_chosen").count() == 1
    client.post(MAILS_PATH, {"hour": "6", "address": "bob@example.org"})
    assert not MailWish.objects.exists()


def test_nobody_wishes_for_mails_about_a_workflow_that_they_do_not_see(house: House, client: Client) -> None:
    client.force_login(house.charlie)
    sent = {"workflows": [str(house.workflow.pk)], "hour": "6", "address": "c@example.org"}
    assert client.post(MAILS_PATH, sent).status_code == 422
    assert not MailWish.objects.exists()


def test_whose_user_name_is_an_address_gives_no_other(house: House) -> None:
    User.objects.filter(pk=house.bob.pk).update(username="bob@example.com")
    wish_for_mails(User.objects.get(pk=house.bob.pk), [house.workflow], hour=7)
    record_jobs(house.workflow, [{"queue": "billing"}])
    assert see_to_mails(SEVEN) == 1
    assert mail.outbox[0].to == ["bob@example.com"]


def test_addresses_in_mails_are_those_of_the_pages(house: House, bob: User) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}])
    work = find_waiting_work(house.workflow, bob.pk, now=SEVEN)
    assert work is not None
    host, name = "https://teach.example.org", house.workflow.name
    assert work.desk == host + reverse("review", args=[name])
    assert work.first[0].address == host + reverse("review-job", args=[name, 1])
    assert reverse("account-mails") == MAILS_PATH


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server on loopback that keeps what it is told."""

    daemon_threads = True
    lines: list[str]


class SmtpTalk(socketserver.StreamRequestHandler):
    """As much of SMTP as one client needs."""

    server: Mailbox

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            self.server.lines.append(line)
            if line.upper() == "DATA":
                self._say("354 go on")
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    self.server.lines.append(text)
            self._say("221 bye" if line.upper() == "QUIT" else "250 well")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    server = Mailbox(("127.0.0.1", 0), SmtpTalk)
    server.lines = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_mail_reaches_a_real_mail_server(house: House, bob: User, mailbox: Mailbox, settings: Settings) -> None:
    server = read_mail_server({"TEACHBACK_SMTP_URL": f"smtp://127.0.0.1:{mailbox.server_address[1]}"})
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = server.is_starttls, server.is_tls
    record_jobs(house.workflow, [{"queue": "billing"}])
    assert see_to_mails(SEVEN) == 1
    assert "rcpt TO:<bob@example.org>" in mailbox.lines
    assert "Subject: 1 job waits for a decision in Support inbox" in mailbox.lines


def test_what_leaves_this_machine_is_encrypted() -> None:
    secured = read_mail_server({"TEACHBACK_SMTP_URL": "smtps://ann:p%40ss@mail.example.org"})
    assert (secured.port, secured.is_tls, secured.is_starttls) == (465, True, False)
    assert (secured.user, secured.password) == ("ann", "p@ss")
    upgraded = read_mail_server({"TEACHBACK_SMTP_URL": "smtp://mail.example.org"})
    assert (upgraded.port, upgraded.is_tls, upgraded.is_starttls) == (587, False, True)
    here = read_mail_server({"TEACHBACK_SMTP_URL": "smtp://localhost:1025"})
    assert (here.port, here.is_tls, here.is_starttls) == (1025, False, False)


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://ann:hush@mail.example.org", "smtp://ann:hush@[oops", "smtp://ann:hush@x:port"]
)
def test_a_mail_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read_mail_server({"TEACHBACK_SMTP_URL": url})
    assert "hush" not in repr(refused.value) + repr(refused.value.__cause__)
    assert "hush" not in repr(read_mail_server({"TEACHBACK_SMTP_URL": "smtps://ann:hush@mail.example.org"}))


@pytest.mark.parametrize("url", ["teach.example.org", "ftp://x", "https://x/path", "https://ann:hush@x", "https://[x"])
def test_a_public_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="TEACHBACK_PUBLIC_URL"):
        read_public_url({"TEACHBACK_PUBLIC_URL": url})
    assert read_public_url({"TEACHBACK_PUBLIC_URL": "https://teach.example.org/"}) == "https://teach.example.org"
    assert read_public_url({}) == ""


def test_a_sender_that_is_no_address_is_refused() -> None:
    for sender in ("Teachback", "Teachback <x>", "a@b.org\nBcc: c@d.org"):
        with pytest.raises(ImproperlyConfigured, match="TEACHBACK_MAIL_FROM"):
            read_mail_from({"TEACHBACK_MAIL_FROM": sender})


def test_the_server_says_in_a_sentence_which_setting_it_cannot_use(tmp_path: Path) -> None:
    ended = run_teachback("web", home=tmp_path, TEACHBACK_SMTP_URL="http://ann:hush@mail.example.org")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: TEACHBACK_SMTP_URL cannot be used.")
    assert "hush" not in ended.stderr
