"""Bodies are unpacked within limits, and what cannot be read says why."""

import gzip

import pytest

from teachback_server.jobs.otlp import body as bodies
from teachback_server.jobs.otlp.body import BodyTooLarge, BodyUnreadable, unpack_body


@pytest.mark.parametrize("encoding", ["", "identity", "Identity "])
def test_a_plain_body_stays_as_it_is(encoding: str) -> None:
    assert unpack_body(b"spans", encoding) == b"spans"


def test_a_gzip_body_is_unpacked_whatever_number_of_members_it_has() -> None:
    assert unpack_body(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip") == b"one two"


def test_a_body_that_unpacks_to_gigabytes_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(900_000)) * 3
    assert len(bomb) < 5000
    with pytest.raises(BodyTooLarge, match="unpacks to more than 1000000 bytes"):
        unpack_body(bomb, "gzip")


def test_a_body_that_is_sent_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_SENT_BYTES", 10)
    with pytest.raises(BodyTooLarge, match="more than 10 bytes"):
        unpack_body(bytes(11), "")


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (b"no gzip at all", "gzip", "not gzip"),
        (gzip.compress(b"a" * 1000, mtime=0)[:-9], "gzip", "ends too early"),
        (b"spans", "br", "'br' is not known"),
    ],
    ids=["no gzip", "half a body", "another encoding"],
)
def test_what_cannot_be_unpacked_says_why(body: bytes, encoding: str, why: str) -> None:
    with pytest.raises(BodyUnreadable, match=why):
        unpack_body(body, encoding)
