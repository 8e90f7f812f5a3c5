"""One reviewer as a process of its own: decides jobs over HTTP, loses connections on purpose, writes down what it did.

`python reviewer.py PORT NUMBER JOURNAL`. Each line of the journal is written through to the disk before and after a
decision is sent, so that it holds when the process is killed: what was sent, and what was acknowledged.
"""

import http.client
import json
import os
import random
import re
import sys
import time
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from desk_load.seeding import PASSWORD, WORKFLOW

_LOST = 0.10  # of all answers
_SKIPPED = 0.03
_UNDONE = 0.03
_PAUSE_SECONDS = 0.1
_DESK = f"/workflows/{WORKFLOW}/review"


class Reviewer:
    """A person with cookies and a journal."""

    def __init__(self, port: int, number: int, journal: Path) -> None:
        self.port, self.name, self.journal = port, f"reviewer-{number}", journal
        self.cookie_file = journal.with_suffix(".cookies")
        self.cookies: dict[str, str] = json.loads(self.cookie_file.read_text()) if self.cookie_file.exists() else {}
        self.draws = random.Random(f"{number} {os.getpid()}")

    def work(self) -> None:
        """Decide until nothing is left."""
        while True:
            try:
                if not self._is_signed_in() or not self._decide_one():
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(_PAUSE_SECONDS)  # the server is being killed or started

    def _is_signed_in(self) -> bool:
        if "sessionid" in self.cookies:
            return True
        _, page = self._ask("GET", "/sign-in")
        form = {"username": self.name, "password": PASSWORD, "csrfmiddlewaretoken": _read_token(page)}
        self._ask("POST", "/sign-in", form)
        self.cookie_file.write_text(json.dumps(self.cookies))
        return "sessionid" in self.cookies

    def _decide_one(self) -> bool:
        status, page = self._ask("GET", _DESK)
        found = re.search(r'data-job="(\d+)"', page)
        if status == http.client.FOUND or (status == http.client.OK and "sign-in" in page and not found):
            self.cookies.clear()
            return self._is_signed_in()
        if found is None:
            return status >= http.client.INTERNAL_SERVER_ERROR
        number, token = found[1], _read_token(page)
        if self.draws.random() < _SKIPPED:
            self._ask("POST", f"{_DESK}/{number}/skip", {"csrfmiddlewaretoken": token})
            self._ask("POST", f"{_DESK}/skipped", {"csrfmiddlewaretoken": token})
            return True
        self._send_decision(number, page, token)
        if self.draws.random() < _UNDONE:
            self._undo(token)
        return True

    def _send_decision(self, number: str, page: str, token: str) -> None:
        verdict = self.draws.choice(["accepted", "accepted", "corrected", "rejected"])
        form = {"key": uuid4().hex, "verdict": verdict, "csrfmiddlewaretoken": token, "seconds": "3"}
        reason = re.search(r'name="reason" value="([^"]+)"', page)
        if verdict != "accepted" and reason:
            form["reason"] = reason[1]
        if verdict == "corrected":
            form["field.queue"] = f"queue of {self.name}"
        self._write("sent", form["key"], number, verdict)
        while True:
            try:
                status, answer = self._ask(
                    "POST", f"{_DESK}/{number}", form, is_lost=self.draws.random() < _LOST, accept="application/json"
                )
            except (OSError, http.client.HTTPException):
                time.sleep(_PAUSE_SECONDS)
                continue  # the very same again: its key makes that safe
            if status < http.client.INTERNAL_SERVER_ERROR:
                break
            time.sleep(_PAUSE_SECONDS)
        self._write(
            "acknowledged" if status == http.client.OK else f"refused-{status}", form["key"], number, answer[:80]
        )

    def _undo(self, token: str) -> None:
        self._write("undoing", "-", "-", "-")
        status, answer = self._ask(
            "POST", f"/workflows/{WORKFLOW}/review/undo", {"csrfmiddlewaretoken": token}, accept="application/json"
        )
        self._write("undone" if status == http.client.OK else "not-undone", "-", "-", answer[:80])

    def _ask(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        *,
        is_lost: bool = False,
        accept: str = "text/html",
    ) -> tuple[int, str]:
        """Send a request; where the answer is to be lost, hang up before reading it and say so by an OSError."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Accept": accept, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            line.request(method, path, urlencode(form) if form is not None else None, headers)
            if is_lost:
                raise ConnectionError("Hung up on purpose.")
            answer = line.getresponse()
            for value in answer.headers.get_all("Set-Cookie") or ():
                name, _, rest = value.partition("=")
                self.cookies[name] = rest.split(";")[0]
            return answer.status, answer.read().decode(errors="replace")
        finally:
            line.close()

    def _write(self, *words: str) -> None:
        with self.journal.open("a") as file:
            file.write("\t".join(word.replace("\t", " ").replace("\n", " ") for word in words) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _read_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return found[1] if found else ""


if __name__ == "__main__":
    Reviewer(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])).work()
