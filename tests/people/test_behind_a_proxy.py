"""Behind a proxy: forms count under the public address, and visitors are told apart by what a trusted proxy says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from teachback_server.people.models import User
from teachback_server.people.network_address import find_address
from teachback_server.project.incoming import read_hosts, read_trusted_proxies

PASSWORD = "four words in a row"
_SHOW = """
import django; django.setup()
from django.conf import settings as s
print(s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)
"""


@pytest.mark.parametrize(
    ("public", "said"),
    [
        ("https://teach.example.org:8443", "'teach.example.org'] ['https://teach.example.org:8443'] True True"),
        ("http://10.0.0.5:8000", "'10.0.0.5'] ['http://10.0.0.5:8000'] False False"),
        ("", "'[::1]'] [] False False"),
    ],
)
def test_the_public_address_says_which_name_and_whose_forms_count(public: str, said: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TEACHBACK_PUBLIC_URL": public, "TEACHBACK_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _SHOW], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(said)


def test_a_form_from_the_public_address_is_taken_and_one_from_elsewhere_is_not(
    strict_client: Client, ann: User, settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://teach.example.org"]
    settings.ALLOWED_HOSTS = ["teach.example.org"]
    statuses = []
    for origin in ("https://evil.example.org", "https://teach.example.org"):
        strict_client.get("/sign-in", headers={"host": "teach.example.org"})
        form = {
            "username": "ann",
            "password": PASSWORD,
            "csrfmiddlewaretoken": strict_client.cookies["csrftoken"].value,
        }
        headers = {"host": "teach.example.org", "origin": origin}
        statuses.append(strict_client.post("/sign-in", form, headers=headers).status_code)
    assert statuses == [403, 302]


def test_hosts_that_are_named_replace_those_of_this_machine() -> None:
    assert read_hosts({"TEACHBACK_HOSTS": "a.example, b.example"}) == ["a.example", "b.example"]
    assert read_hosts({"TEACHBACK_HOSTS": "a.example", "TEACHBACK_PUBLIC_URL": "http://[fd00::1]:8000"}) == [
        "a.example",
        "[fd00::1]",
    ]


@pytest.mark.parametrize(
    ("trusted", "seen_by_us", "forwarded", "address"),
    [
        ("", "10.0.0.1", "203.0.113.7", "10.0.0.1"),  # nobody is trusted
        ("10.0.0.0/8", "10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.0/8", "10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.2", "203.0.113.7"),  # the first was made up
        ("10.0.0.0/8", "203.0.113.9", "1.2.3.4", "203.0.113.9"),  # did not come by the proxy
        ("10.0.0.0/8", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"),
        ("::1,127.0.0.1", "::1", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_an_address_is_the_one_that_a_trusted_proxy_saw(
    trusted: str, seen_by_us: str, forwarded: str, address: str, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = read_trusted_proxies({"TEACHBACK_TRUSTED_PROXIES": trusted})
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert find_address(RequestFactory().get("/", REMOTE_ADDR=seen_by_us, headers=headers)) == address


def test_a_proxy_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"proxy\.internal"):
        read_trusted_proxies({"TEACHBACK_TRUSTED_PROXIES": "proxy.internal"})
