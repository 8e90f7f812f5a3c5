"""Opens a history file whatever program wrote it: encoding, kind, delimiter, and lines of bounded length."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from teachback_server.jobs.csv_records import split_record
from teachback_server.jobs.history_row import HistoryFileError

MOST_CHARACTERS = 1_000_000  # of one row
_HEAD_BYTES = 65_536
_CHUNK_BYTES = 1 << 20
_DELIMITERS = (",", ";", "\t")
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_FOREIGN = (
    (b"PK\x03\x04", "a spreadsheet or an archive", "open it, save it as CSV (UTF-8), and give that file"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "open it, save it as CSV (UTF-8), and give that file"),
    (b"\x1f\x8b", "compressed", "unpack it first"),
    (b"%PDF", "a PDF", "give the table that it was made from, as CSV"),
)


class FileKind(StrEnum):
    """How the rows of a file are written."""

    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """How a file is to be read, and what a person should know about that."""

    kind: FileKind
    encoding: str
    delimiter: str = ","  # of CSV
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a file with its number, counted from 1. Of a line that is too long only the beginning is kept."""

    number: int
    text: str
    is_too_long: bool = False


def detect_format(path: Path) -> FileFormat:
    """Find out how a file is written. Raises HistoryFileError for what is no history file, with a remedy."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        _refuse_foreign(path, head)
        encoding, notes = _detect_encoding(path, head)
    except FileNotFoundError:
        raise HistoryFileError(f"There is no file {path}. Check its name and folder.") from None
    except OSError as error:
        raise HistoryFileError(f"{path} cannot be read ({error.strerror}). Give a file that you may open.") from None
    first = _first_line(path, encoding)
    kind = _detect_kind(path, first)
    return FileFormat(kind=kind, encoding=encoding, delimiter=_detect_delimiter(first), notes=notes)


def read_lines(path: Path, file_format: FileFormat) -> Iterator[Line]:
    """Read a file line by line in bounded memory, line ends included."""
    errors = "replace" if file_format.encoding == "utf-16" else "surrogateescape"
    with path.open(encoding=file_format.encoding, errors=errors, newline="") as file:
        number = 0
        while text := file.readline(MOST_CHARACTERS + 1):
            number += 1
            is_too_long = len(text) > MOST_CHARACTERS
            if is_too_long:
                _skip_rest_of_line(file, text)
            yield Line(number=number, text=text, is_too_long=is_too_long)


def _skip_rest_of_line(file: TextIO, text: str) -> None:
    while text and not text.endswith("\n"):
        text = file.readline(MOST_CHARACTERS)


def _refuse_foreign(path: Path, head: bytes) -> None:
    for signature, what, remedy in _FOREIGN:
        if head.startswith(signature):
            raise HistoryFileError(f"{path.name} is {what}: {remedy}.")
    has_two_byte_mark = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    controls = sum(byte < 9 or 13 < byte < 32 for byte in head)  # texts have tabs and line ends, hardly any other
    if not has_two_byte_mark and controls > len(head) // 20:
        raise HistoryFileError(f"{path.name} is not a text file: save it as CSV or JSONL in UTF-8, and give that file.")


def _detect_encoding(path: Path, head: bytes) -> tuple[str, tuple[str, ...]]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ()
    good, bad = _count_lines_beyond_ascii(path)
    if bad <= good:
        return "utf-8-sig", ()
    note = (
        f"{path.name} is not UTF-8; it was read as Western European text (Windows-1252). "
        "If signs like é or € look wrong, save the file as UTF-8 and give it again."
    )
    return ("cp1252" if _can_decode(path, "cp1252") else "latin-1"), (note,)


def _count_lines_beyond_ascii(path: Path) -> tuple[int, int]:
    """Count lines with signs beyond ASCII: those that are UTF-8, and those that are not.

    One broken row must not make every accent of a UTF-8 file unreadable, so the majority decides.
    """
    good = bad = 0
    with path.open("rb") as file:
        while line := file.readline(_CHUNK_BYTES):
            if line.isascii():
                continue
            # The last bytes of a full chunk may be half a sign.
            if _is_utf8(line, is_final=line.endswith(b"\n") or len(line) < _CHUNK_BYTES):
                good += 1
            else:
                bad += 1
    return good, bad


def _is_utf8(line: bytes, *, is_final: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line, is_final)
    except UnicodeDecodeError:
        return False
    return True


def _can_decode(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(_CHUNK_BYTES):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _first_line(path: Path, encoding: str) -> str:
    """The beginning of the first line that is not blank. Raises HistoryFileError where there is none."""
    for line in read_lines(path, FileFormat(kind=FileKind.CSV, encoding=encoding)):
        if line.text.strip():
            return line.text
    raise HistoryFileError(
        f"{path.name} is empty: give a file with at least one finished job, either CSV with two columns "
        '(what came in, what a person answered) or JSONL with {"input": {…}, "output": {…}} on each line.'
    )


def _detect_kind(path: Path, first: str) -> FileKind:
    start = first.lstrip()
    if start.startswith("[") and (path.suffix.lower() in _JSON_SUFFIXES or re.match(r"\[\s*(\{|$)", start)):
        raise HistoryFileError(
            f"{path.name} is one JSON list: write one object on each line instead, without the surrounding brackets "
            f"(for example: jq -c '.[]' {path.name} > {path.stem}.jsonl)."
        )
    is_json = start.startswith("{") or path.suffix.lower() in _JSON_SUFFIXES
    return FileKind.JSONL if is_json else FileKind.CSV


def _detect_delimiter(header: str) -> str:
    declared = re.fullmatch(r'"?sep=(.)"?\s*', header, re.IGNORECASE)
    if declared:
        return declared.group(1)
    return max(_DELIMITERS, key=lambda delimiter: len(split_record(header, delimiter) or ()))
