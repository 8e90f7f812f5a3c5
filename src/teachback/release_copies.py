"""Keeps the newest release of a workflow on disk, so that an agent starts under it when the server is away."""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from teachback.json_types import Json, JsonObject, content_hash
from teachback.known_release import Example


@dataclass(frozen=True, kw_only=True)
class ReleaseCopy:
    """The server's answer as it came, with the tag to ask again."""

    etag: str
    answer: JsonObject


class ReleaseCopies:
    """A folder with one release and its examples. Reading never raises; writing raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_release(self) -> ReleaseCopy | None:
        """The release on disk; None where there is none that is whole."""
        content = _read_object(self._folder / "release.json")
        answer, etag = content.get("answer"), content.get("etag")
        if not isinstance(answer, Mapping) or not isinstance(etag, str) or content.get("hash") != content_hash(answer):
            return None
        return ReleaseCopy(etag=etag, answer=answer)

    def keep_release(self, copy: ReleaseCopy) -> None:
        """Write a release, whole or not at all."""
        content = {"etag": copy.etag, "answer": copy.answer, "hash": content_hash(copy.answer)}
        self._write("release.json", json.dumps(content))

    def list_examples(self) -> dict[str, Example]:
        """The examples on disk by their hash; a damaged one is left out."""
        found: dict[str, Example] = {}
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in (self._folder / "examples.jsonl").read_text(encoding="utf-8").splitlines():
                example = read_example(_parse_object(line))
                if example is not None:
                    found[example.content_hash] = example
        return found

    def keep_examples(self, examples: Iterable[Example]) -> None:
        """Write all examples, whole or not at all."""
        lines = (json.dumps({"input": one.input, "output": one.output}) for one in examples)
        self._write("examples.jsonl", "\n".join(lines))

    def _write(self, name: str, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self._folder / f"{name}.{os.getpid()}.part"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(self._folder / name)


def read_example(value: Mapping[str, Json]) -> Example | None:
    """An example of its JSON form; None where it is none."""
    given, made = value.get("input"), value.get("output")
    if not isinstance(given, Mapping) or not isinstance(made, Mapping):
        return None
    return Example(input=given, output=made)


def _read_object(path: Path) -> JsonObject:
    try:
        return _parse_object(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _parse_object(text: str) -> JsonObject:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
