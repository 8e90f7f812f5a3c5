"""Reads the captured requests out of their archive, without unpacking it anywhere, or out of a folder of them."""

import os
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.otlp.request import take_request, unpack_spans

ARCHIVE = "otlp-captured.tar.xz"


def find_archive() -> Path:
    """Find the archive. Raises FileNotFoundError, which says where it was looked for."""
    folder = Path(os.environ.get("TEACHBACK_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not (folder / ARCHIVE).exists():
        raise FileNotFoundError(f"{ARCHIVE} is not in {folder}. Set TEACHBACK_SHARED_DATA to the folder that has it.")
    return folder / ARCHIVE


def read_suites(archive: Path) -> dict[str, list[Span]]:
    """Every span of the protobuf requests in an archive or a folder, by the suite that emitted it."""
    bodies: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for path, body in list_requests(archive):
        if path.suffix == ".pb":
            bodies[path.parent.name].append((path.name, body))
    return {suite: [span for _, body in sorted(bodies[suite]) for span in _decode(body)] for suite in sorted(bodies)}


def list_requests(archive: Path) -> Iterator[tuple[Path, bytes]]:
    """Every request, protobuf and JSON, as SUITE/NAME with its body."""
    files = _list_files(archive) if archive.is_dir() else _list_members(archive)
    return ((path, body) for path, body in files if path.suffix in (".pb", ".json"))


def _list_members(archive: Path) -> Iterator[tuple[Path, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            path = Path(member.name)
            content = opened.extractfile(member)
            if content is not None:
                yield path, content.read()


def _list_files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    return ((path, path.read_bytes()) for path in folder.glob("*/*.*"))


def _decode(body: bytes) -> list[Span]:
    return [packed.decode() for packed in unpack_spans(take_request(body, is_json=False).message)]
