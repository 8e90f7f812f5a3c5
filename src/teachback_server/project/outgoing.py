"""Reads from the environment how this server reaches people: its own public address, and a mail server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PUBLIC_URL = "TEACHBACK_PUBLIC_URL"
SMTP_URL = "TEACHBACK_SMTP_URL"
MAIL_FROM = "TEACHBACK_MAIL_FROM"
_TLS_PORT, _STARTTLS_PORT, _PLAIN_PORT = 465, 587, 25
_ON_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A server that takes mails. Whatever leaves this machine is encrypted: from the start, or by STARTTLS."""

    host: str = ""
    port: int = _PLAIN_PORT
    user: str = ""
    password: str = field(default="", repr=False)
    is_tls: bool = False
    is_starttls: bool = False


def read_public_url(environment: Mapping[str, str]) -> str:
    """The address under which people reach this server, without a slash at its end; empty where nobody said.

    Raises ImproperlyConfigured for one that cannot be used.
    """
    url = environment.get(PUBLIC_URL, "").strip().rstrip("/")
    if not url:
        return ""
    parts = _split(PUBLIC_URL, url)
    is_bare = not (parts.path or parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
        raise ImproperlyConfigured(f"{PUBLIC_URL} cannot be used. Write it like https://teachback.example.org.")
    return url


def read_mail_server(environment: Mapping[str, str]) -> MailServer:
    """The mail server; without a host where nobody named one. Raises ImproperlyConfigured, never with the password."""
    url = environment.get(SMTP_URL, "").strip()
    if not url:
        return MailServer()
    parts = _split(SMTP_URL, url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(
            f"{SMTP_URL} cannot be used. Write smtps://user:password@mail.example.org, or smtp:// for STARTTLS. "
            "Signs like @ and / in a password are written as %40 and %2F."
        )
    is_here = parts.hostname in _ON_THIS_MACHINE
    is_tls = parts.scheme == "smtps"
    usual_port = _TLS_PORT if is_tls else _PLAIN_PORT if is_here else _STARTTLS_PORT
    return MailServer(
        host=parts.hostname,
        port=parts.port or usual_port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=is_tls,
        is_starttls=not is_tls and not is_here,
    )


def read_mail_from(environment: Mapping[str, str]) -> str:
    """Whom mails come from; empty where nobody said. Raises ImproperlyConfigured for what is no address."""
    sender = environment.get(MAIL_FROM, "").strip()
    _, address = parseaddr(sender)
    if sender and ("@" not in address or not sender.isprintable()):
        raise ImproperlyConfigured(f"{MAIL_FROM} is no address. Write it like Teachback <teachback@example.org>.")
    return sender


def check_outgoing(environment: Mapping[str, str]) -> None:
    """Raise ImproperlyConfigured for a setting that cannot be used, before anything is started with it."""
    read_public_url(environment)
    read_mail_server(environment)
    read_mail_from(environment)


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # The cause would tell the address, and with it perhaps a password.
        raise ImproperlyConfigured(f"{name} is not an address. Check its brackets and its port.") from None
    return parts
