"""One row of a history file as a value, why a row or a file cannot be used, and how its columns are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from teachback.json_types import JsonObject


class HistoryFileError(ValueError):
    """A whole file cannot be read. The message names the file and says what to do."""


class ColumnsUnclear(HistoryFileError):
    """A file does not say which of its columns are input and which are output; a person has to."""

    def __init__(self, message: str, columns: Sequence[str]) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


class RowRefused(ValueError):
    """One row cannot be used: what is wrong with it, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Which columns a person named as input and as output. Both empty: the names of the columns decide."""

    input_columns: tuple[str, ...] = ()
    output_columns: tuple[str, ...] = ()

    @property
    def is_given(self) -> bool:
        """Whether a person named any column."""
        return bool(self.input_columns or self.output_columns)


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One finished piece of work from a file, with the answer that a person stood behind."""

    line: int  # where the row begins, counted from 1
    external_id: str
    input: JsonObject
    output: JsonObject
    at: datetime | None = None  # aware, UTC
    draft: JsonObject | None = None  # what a machine had proposed
    confidence: float | None = None  # how sure it had been, 0 to 1
    group: str = ""  # rows of one group are not independent; empty: on its own
    reviewer: str = ""
    seconds: float | None = None  # that the person spent
    used: bool | None = None  # whether the result was usable in the next step


@dataclass(frozen=True, kw_only=True)
class RefusedRow:
    """One row that was left out, as it stood in the file, with the reason and what to do about it."""

    line: int
    raw: str
    reason: str
    remedy: str
