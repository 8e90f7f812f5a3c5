"""Fetches the newest release of a workflow again and again, in a thread of its own, and survives every bad answer."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib import import_module
from urllib.parse import quote, urlencode

from teachback.configuration import Settings
from teachback.faults import OnceLog, log, note_fault
from teachback.json_types import JsonObject, content_hash
from teachback.known_release import Example, Release, ReleaseUnreadable, parse_release, unknown_release
from teachback.release_copies import ReleaseCopies, ReleaseCopy, read_example
from teachback.wire.http_calls import Answer, CallFailed, call_server

_EXAMPLES_A_CALL = 100
_LONGEST_PAUSE_FACTOR = 10
_USUAL_APART = timedelta(seconds=5)  # of two clocks, the way between them included


class ReleaseKeeper:
    """Holds the newest release that is known: from disk at first, from the server as soon as it answers.

    Reading `current` never waits. A server that is away, or that sends nonsense, changes nothing.
    """

    def __init__(self, settings: Settings, key: str, workflow_name: str) -> None:
        self._settings = settings
        self._key = key
        self._name = workflow_name
        self._copies = self._find_copies()
        self.current: Release = unknown_release(workflow_name)
        self._hashes: list[str] = []  # of the examples of the current release, in their order
        self.begin()

    def begin(self) -> None:
        """Make the thread anew, as a forked child has to; what is known stays."""
        self._log = OnceLog()
        self._etag = ""
        self._failures = 0
        self._is_started = False
        self._start_lock = threading.RLock()
        self._has_asked = threading.Event()  # the server answered, or failed to, at least once
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"teachback-release-{self._name}", daemon=True)

    def start(self) -> None:
        """Start looking for releases, once."""
        if self._is_started:
            return
        with self._start_lock:
            if self._is_started:
                return
            self._is_started = True
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter is shutting down
                self._has_asked.set()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the first answer or failure of the server; True where a release is known then."""
        self.start()
        self._has_asked.wait(timeout_seconds)
        return self.current.is_known

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _keep(self) -> None:
        _keep_going("read its copy of the release", self._read_copy)
        while not self._stop.is_set():
            is_well = _keep_going("fetch the release", self._fetch)
            self._failures = 0 if is_well else min(self._failures + 1, 10)
            self._has_asked.set()
            pause = self._settings.release_seconds * min(2**self._failures, _LONGEST_PAUSE_FACTOR)
            self._stop.wait(pause * random.uniform(0.8, 1.0))  # so that many agents do not ask in one moment

    def _find_copies(self) -> ReleaseCopies | None:
        if self._settings.home is None:
            return None
        place = content_hash([self._settings.base_url, self._name])
        return ReleaseCopies(self._settings.home / "releases" / place)

    def _read_copy(self) -> bool:
        copy = self._copies.find_release() if self._copies and not self.current.is_known else None
        if copy is None or self._copies is None:
            return True
        try:
            release = parse_release(copy.answer)
        except ReleaseUnreadable as problem:
            log.warning("Teachback: the copy on disk is left out. %s", problem)
            return False
        known = self._copies.list_examples()
        is_whole = self._adopt(release, known, gone=set())
        self._etag = copy.etag if is_whole else ""
        return True

    def _fetch(self) -> bool:
        """Ask once; False where the server gave nothing to go on with."""
        answer = self._ask("release", {"If-None-Match": self._etag} if self._etag else {})
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return True
        if answer.status != HTTPStatus.OK:
            self._log.warn(
                f"Teachback: the server answered {answer.status} when it was asked for the release of “{self._name}”: "
                f"{answer.body[:300].decode('utf-8', 'replace')!r}"
            )
            return False
        self._log.is_well()
        content = in_our_time(_read_object(answer), answer.headers, datetime.now(UTC))
        release = parse_release(content)
        known, gone = self._fetch_examples(release)
        is_whole = self._adopt(release, known, gone)
        self._etag = answer.headers.get("etag", "") if is_whole else ""
        if is_whole:
            self._keep_copy(content)
        return is_whole

    def _keep_copy(self, content: JsonObject) -> None:
        """For the next process; one that cannot be kept costs this one nothing."""
        if self._copies is None:
            return
        try:
            self._copies.keep_examples(self.current.examples)
            self._copies.keep_release(ReleaseCopy(etag=self._etag, answer=content))
        except OSError as problem:
            self._log.warn(f"Teachback cannot keep the release on disk: {problem.strerror or problem}")

    def _fetch_examples(self, release: Release) -> tuple[dict[str, Example], set[str]]:
        """All examples that could be had, by their hash, and the hashes of those that were deleted for good."""
        known = dict(zip(self._hashes, self.current.examples, strict=True))
        gone: set[str] = set()
        missing = [name for name in release.document.example_hashes if name not in known]
        for start in range(0, len(missing), _EXAMPLES_A_CALL):
            asked = missing[start : start + _EXAMPLES_A_CALL]
            answer = self._ask(f"examples?{urlencode([('hash', name) for name in asked])}", {})
            if answer.status != HTTPStatus.OK:
                break
            found = _read_examples(answer)
            known.update(found)
            gone.update(name for name in asked if name not in found)
        return known, gone

    def _adopt(self, release: Release, known: Mapping[str, Example], gone: set[str]) -> bool:
        """Work under this release from now on; False where examples are missing, which costs it its autonomy."""
        hashes = [name for name in release.document.example_hashes if name in known]
        is_whole = len(hashes) + len(gone) >= len(release.document.example_hashes)
        until = release.autonomy.valid_until if is_whole else None
        autonomy = replace(release.autonomy, valid_until=until, lapses_at=_as_monotonic(until))
        adopted = replace(release, examples=tuple(known[name] for name in hashes), autonomy=autonomy)
        _warm_up(adopted)
        self._hashes, self.current = hashes, adopted
        return is_whole

    def _ask(self, what: str, headers: Mapping[str, str]) -> Answer:
        return call_server(
            "GET",
            f"{self._settings.base_url}/api/v1/workflows/{quote(self._name, safe='')}/{what}",
            headers={"Authorization": f"Bearer {self._key}", **headers},
            timeout_seconds=self._settings.timeout_seconds,
        )


def in_our_time(content: JsonObject, headers: Mapping[str, str], now: datetime) -> JsonObject:
    """The release with its end of autonomy by our own clock, where that one and the server's disagree.

    A clock that is slow by a day would else go on approving for a day too long.
    """
    until, said = content.get("valid_until"), headers.get("date", "")
    try:
        apart = now - parsedate_to_datetime(said)
        ours = datetime.fromisoformat(str(until)) + apart
    except (ValueError, TypeError, OverflowError):  # no date, or no end: `parse_release` judges that
        return content
    return content if abs(apart) < _USUAL_APART else {**content, "valid_until": ours.isoformat()}


def _as_monotonic(until: datetime | None) -> float | None:
    return None if until is None else time.monotonic() + (until - datetime.now(UTC)).total_seconds()


def _warm_up(release: Release) -> None:
    """Do here, in the thread, what the first job under a release would else have to wait for."""
    release.prepare()
    # Not at the top: rules and checks take 0.2 to 0.4 s of CPU to import, as the CEL wheel brings a terminal with it.
    finishing = import_module("teachback.finishing")
    finishing.finish_output(release.document, input={}, output={}, confidence=None, output_schema=release.output_schema)


def _read_object(answer: Answer) -> JsonObject:
    try:
        content = json.loads(answer.body)
    except ValueError as problem:
        raise ReleaseUnreadable(f"The server sent something that is no JSON: {problem}") from problem
    if not isinstance(content, dict):
        raise ReleaseUnreadable("The server sent something that is no release.")
    return content


def _read_examples(answer: Answer) -> dict[str, Example]:
    sent = _read_object(answer).get("examples")
    read = [read_example(one) for one in sent if isinstance(one, Mapping)] if isinstance(sent, list) else []
    return {example.content_hash: example for example in read if example is not None}


def _keep_going(what: str, act: Callable[[], bool]) -> bool:
    try:
        return act()
    except (CallFailed, ReleaseUnreadable) as problem:
        log.info("Teachback could not %s: %s", what, problem)
    # The outermost edge of a thread: one bad moment must not end it.
    except Exception:  # noqa: BLE001
        note_fault(what)
    return False
