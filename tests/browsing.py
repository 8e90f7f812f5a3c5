"""A person in a browser without JavaScript, on the way from a file to a backtest; and what the workers do meanwhile."""

import re
from html import unescape
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from teachback_server.people.models import User

_BORDER = "border-of-the-parts"


class Owner:
    """Somebody who uploads files; `address` is the page of the newest one, `raw` the last page as it was sent."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.address = ""
        self.raw = ""

    def send(self, name: str, content: bytes) -> HttpResponse:
        """Send a file under a name that nothing has cleaned, and return the answer."""
        head = f'--{_BORDER}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{_BORDER}--\r\n".encode()
        return self.client.post("/start-here/upload", body, content_type=f"multipart/form-data; boundary={_BORDER}")

    def upload(self, name: str, content: str | bytes) -> str:
        """Send a file and return the page that it leads to."""
        answer = self.send(name, content.encode() if isinstance(content, str) else content)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        self.address = answer["Location"]
        return self.look()

    def look(self) -> str:
        """The page of the file, as a person reads it."""
        return self._read(self.client.get(self.address, follow=True))

    def choose_columns(self, **uses: str) -> str:
        """Say for each column what it is, and send that."""
        page = self.client.get(f"{self.address}/columns").content.decode()
        columns = re.findall(r'<legend class="unseen">(.*?)</legend>', page)
        form = {f"column-{place}": uses.get(column, "out") for place, column in enumerate(columns)}
        return self._read(self.client.post(f"{self.address}/columns", form, follow=True))

    def form_as_shown(self) -> dict[str, str]:
        """What the browser would send if nothing was changed."""
        fields = _Fields()
        fields.feed(self.client.get(self.address).content.decode())
        return fields.values

    def start(self, **edits: str) -> str:
        """Press Backtest with some fields edited; returns the page that follows."""
        return self._read(self.client.post(self.address, {**self.form_as_shown(), **edits}, follow=True))

    def _read(self, answer: HttpResponse) -> str:
        self.raw = answer.content.decode()
        return unescape(self.raw)


def work_until_idle() -> None:
    """Do every task that waits, as the worker would."""
    while (task := DBTaskResult.objects.ready().first()) is not None:
        task.claim("a test")
        result = import_string(task.task_path).func(*task.args_kwargs["args"])
        task.set_successful(result)


class _Fields(HTMLParser):
    """Collects what a form would send."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name") or ""
        if tag == "input" and name and (found.get("type") not in ("radio", "checkbox", "file") or "checked" in found):
            self.values[name] = found.get("value") or ("on" if found.get("type") == "checkbox" else "")
        elif tag in ("textarea", "select"):
            self._name = name
            self.values.setdefault(name, "")
        elif tag == "option" and "selected" in found and self._name:
            self.values[self._name] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._name and self.lasttag == "textarea":
            self.values[self._name] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select"):
            self._name = ""
