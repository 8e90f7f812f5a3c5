"""One HTTP call: it ends in time, goes through a proxy where there is one, and fails in one way only."""

from datetime import UTC, datetime

import pytest

from odd_server import OddServer, nobody_listens
from teachback.wire.delivering import read_retry_after
from teachback.wire.http_calls import CallFailed, call_server

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def call(address: str) -> int:
    return call_server("GET", address, headers={}, timeout_seconds=0.3).status


@pytest.mark.parametrize("mode", ["hang", "trickle"])
def test_no_answer_holds_the_caller_longer_than_it_allowed(mode: str, odd: OddServer) -> None:
    odd.mode = mode
    with pytest.raises(CallFailed, match=r"timed out|too long"):
        call(odd.address)


@pytest.mark.parametrize("mode", ["garbage", "half"])
def test_an_answer_that_is_none_fails_like_a_server_that_is_away(mode: str, odd: OddServer) -> None:
    odd.mode = mode
    with pytest.raises(CallFailed):
        call(odd.address)


@pytest.mark.parametrize(
    "address", ["", "teachback.example.org", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999"]
)
def test_an_address_that_is_none_fails_like_a_server_that_is_away(address: str) -> None:
    with pytest.raises(CallFailed):
        call(address)
    with pytest.raises(CallFailed, match="refused"):
        call(nobody_listens().address)


def test_a_server_without_tls_is_not_spoken_to_over_https(odd: OddServer) -> None:
    with pytest.raises(CallFailed, match="SSL"):
        call(odd.address.replace("http:", "https:"))


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(
    odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", odd.address)
    assert call("http://teachback.example.org/v1/traces") == 404
    assert odd.calls[-1].path == "http://teachback.example.org/v1/traces"
    with pytest.raises(CallFailed, match="refused"):
        call(nobody_listens().address)


def test_a_query_arrives_as_it_was_given(odd: OddServer) -> None:
    assert call(f"{odd.address}/find?id=a%2Fb") == 404
    assert odd.calls[-1].path == "/find?id=a%2Fb"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("99999999", 3600.0),
        ("Mon, 02 Mar 2026 08:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 07:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_how_long_a_server_asks_to_wait(said: str, seconds: float | None) -> None:
    assert read_retry_after({"retry-after": said}, NOW) == seconds


def test_a_server_that_does_not_say_how_long_asks_for_nothing() -> None:
    assert read_retry_after({}, NOW) is None
