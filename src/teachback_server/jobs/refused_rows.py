"""Keeps the rows of a file that were left out beside it, and says for people why."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from teachback_server.jobs.history_row import HistoryFileError, RefusedRow

_COLUMNS = ("line", "reason", "remedy", "raw")


def refused_path(path: Path) -> Path:
    """Where the refused rows of a file are written: `NAME.refused.jsonl` beside JSONL, else `NAME.refused.csv`."""
    suffix = ".jsonl" if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else ".csv"
    return path.with_name(f"{path.stem}.refused{suffix}")


def write_refused_rows(path: Path, refused: Iterable[RefusedRow]) -> Path:
    """Write refused rows beside their file, each with line, reason, remedy and the row as it stood; return where.

    A file of an earlier try is replaced as a whole, so a killed run leaves either the old one or the new one. Raises
    HistoryFileError where the folder cannot be written to.
    """
    target = refused_path(path)
    try:
        _write(target, refused)
    except OSError as error:
        raise HistoryFileError(
            f"Refused rows cannot be written to {target} ({error.strerror}). "
            f"Copy {path.name} into a folder that you may write to, and give it from there."
        ) from None
    return target


def describe_refused_row(path: Path, row: RefusedRow) -> str:
    """Say in one line which row was left out, why, and what to do: `FILE:LINE: what; do this`."""
    return f"{path.name}:{row.line}: {row.reason}; {row.remedy}."


def _write(target: Path, refused: Iterable[RefusedRow]) -> None:
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        if target.suffix == ".jsonl":
            for row in refused:
                file.write(json.dumps(_as_cells(row), ensure_ascii=False) + "\n")
        else:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            writer.writerows(_as_cells(row) for row in refused)
    unfinished.replace(target)


def _as_cells(row: RefusedRow) -> dict[str, int | str]:
    return {"line": row.line, "reason": row.reason, "remedy": row.remedy, "raw": row.raw}
