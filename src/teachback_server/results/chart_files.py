"""Pictures of charts in the data folder: drawn once by a short-lived process, found again by their content."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from django.core.files import locks

from teachback.json_types import Json
from teachback_server.results.charts import Chart, ChartKind

DRAWS_WITHIN_SECONDS = 60
KEPT_PICTURES = 400
_HASH = re.compile(r"[0-9a-f]{32}")
_PROCESS = (sys.executable, "-m", "teachback_server.results.chart_process")


class Width(StrEnum):
    """How much room a picture has; a phone gets one of its own, as text must not shrink."""

    WIDE = "wide"
    NARROW = "narrow"


class ChartNotDrawn(RuntimeError):
    """The process that draws charts failed. The page's tables hold the same figures; the server's log says why."""


def find_picture(folder: Path, content_hash: str, width: Width) -> Path | None:
    """The file of a picture that was drawn before; None where there is none."""
    path = folder / f"{content_hash}-{width}.svg"
    return path if _HASH.fullmatch(content_hash) and path.exists() else None


def get_picture(folder: Path, charts: Sequence[Chart], kind: ChartKind, width: Width) -> Path | None:
    """The file of one picture; None where the page has no such chart. Raises ChartNotDrawn.

    Where it is missing, all charts of the page are drawn at once in this width.
    """
    chart = next((chart for chart in charts if chart.kind == kind), None)
    if chart is None:
        return None
    wanted = _path(folder, chart, width)
    if not wanted.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "drawing.lock").open("w") as lock:
            locks.lock(lock, locks.LOCK_EX)  # the other pictures of the page are asked for at the same moment
            if not wanted.exists():
                _draw_missing(folder, charts, width)
    return wanted


def _path(folder: Path, chart: Chart, width: Width) -> Path:
    return folder / f"{chart.content_hash}-{width}.svg"


def _draw_missing(folder: Path, charts: Sequence[Chart], width: Width) -> None:
    paths = {_path(folder, chart, width): chart for chart in charts}
    wishes: dict[str, dict[str, Json]] = {
        path.name: {**chart.as_json(), "width": _pixels(chart.kind, width)}
        for path, chart in paths.items()
        if not path.exists()
    }
    for name, picture in _run_process(wishes).items():
        _write_whole(folder / name, picture)
    _forget_old(folder)


def _run_process(wishes: Mapping[str, Mapping[str, Json]]) -> dict[str, str]:
    try:
        done = subprocess.run(  # noqa: S603
            _PROCESS, input=json.dumps(wishes), capture_output=True, text=True, timeout=DRAWS_WITHIN_SECONDS, check=True
        )
    except subprocess.TimeoutExpired as late:
        raise ChartNotDrawn(f"Drawing took longer than {DRAWS_WITHIN_SECONDS} s. Is the machine very busy?") from late
    except subprocess.CalledProcessError as failure:
        raise ChartNotDrawn(f"Drawing failed: {failure.stderr.strip()[-2000:]}") from failure
    pictures: dict[str, str] = json.loads(done.stdout)
    return pictures


def _write_whole(path: Path, text: str) -> None:
    """Under its name only when it is complete, so that nobody reads half a picture."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).replace(path)


def _forget_old(folder: Path) -> None:
    pictures = sorted(folder.glob("*.svg"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in pictures[KEPT_PICTURES:]:
        path.unlink(missing_ok=True)


def _pixels(kind: ChartKind, width: Width) -> int:
    """Of the drawing itself; labels beside it come on top."""
    if width is Width.NARROW:
        return 290
    return 1080 if kind in (ChartKind.CURVE, ChartKind.RISK) else 500
