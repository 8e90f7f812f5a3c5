"""Decides which columns of a history file are input, output or something about the row, and sorts a row by that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from teachback.json_types import Json, JsonObject
from teachback.output_fields import with_field
from teachback_server.jobs.history_row import ColumnMapping, ColumnsUnclear, HistoryFileError, RowRefused
from teachback_server.jobs.history_values import read_object

RESERVED = ("id", "at", "confidence", "group", "reviewer", "seconds", "used")
_PARTS = ("input", "output", "draft")


@dataclass(frozen=True, kw_only=True)
class RowParts:
    """What a row says, sorted by meaning but not yet read. `draft` is None where there is none."""

    input: JsonObject
    output: JsonObject
    draft: JsonObject | None
    facts: JsonObject  # by the names in RESERVED


@dataclass(frozen=True, kw_only=True)
class ColumnPlan:
    """Which column goes where. Without listed columns, their names decide: `input.x`, `output.x`."""

    columns: tuple[str, ...]  # as far as they are known
    input_columns: tuple[str, ...] = ()
    output_columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)  # from reserved name to column

    @property
    def is_listed(self) -> bool:
        """Whether input and output columns are listed one by one."""
        return bool(self.input_columns)


def plan_columns(columns: Sequence[str], mapping: ColumnMapping, file_name: str) -> ColumnPlan:
    """Decide where each column goes.

    What the person named comes first, then names that begin with `input.` and `output.`, then the order where there
    are only two columns. Raises ColumnsUnclear where none of these decides, HistoryFileError for an unknown name.
    """
    named = (*mapping.input_columns, *mapping.output_columns)
    facts = {column.lower(): column for column in columns if column.lower() in RESERVED and column not in named}
    free = [column for column in columns if column not in facts.values() and part_of(column) != "draft"]
    if mapping.is_given:
        inputs, outputs = _columns_by_person(free, mapping, file_name, columns)
    elif {"input", "output"} <= {part_of(column) for column in free}:
        inputs, outputs = (), ()
    elif len(free) == 2 and part_of(free[0]) != "output" and part_of(free[1]) != "input":
        inputs, outputs = (free[0],), (free[1],)
    else:
        raise ColumnsUnclear(_ask_for_columns(free, file_name), columns)
    used = {*inputs, *outputs} if inputs else {column for column in free if part_of(column) or column in _PARTS}
    return ColumnPlan(
        columns=tuple(column for column in columns if not column.endswith(".")),
        input_columns=inputs,
        output_columns=outputs,
        ignored=tuple(column for column in free if column not in used),
        facts=facts,
    )


def part_of(column: str) -> str:
    """The part of a job that a column belongs to by its name: input, output or draft; empty where it says none."""
    start, dot, _ = column.partition(".")
    if start.lower() in _PARTS and dot:
        return start.lower()
    return "draft" if start.lower() == "draft" else ""


def columns_of_object(cells: JsonObject) -> tuple[str, ...]:
    """List the columns of a JSON row: the fields of `input`, `output` and `draft` one by one, else as it is."""
    columns: list[str] = []
    for name, value in cells.items():
        if name in _PARTS and value is None:
            continue
        if name in _PARTS and isinstance(value, Mapping):
            columns.extend([f"{name}.{inner}" for inner in value] or [f"{name}."])
        else:
            columns.append(name)
    return tuple(columns)


def sort_cells(cells: JsonObject, plan: ColumnPlan) -> RowParts:
    """Sort the cells of one row. A cell that is null is an absent field. Raises RowRefused where a part is missing."""
    draft = _draft(cells, plan)
    listed = {*plan.input_columns, *plan.output_columns}
    facts = {name: cells.get(plan.facts.get(name, name)) for name in RESERVED if name not in listed}
    if draft is None and facts.get("confidence") is not None and any(part_of(column) == "draft" for column in cells):
        draft = {}  # a machine was this sure of proposing nothing
    return RowParts(
        input=_read_part(cells, "input", plan.input_columns),
        output=_read_part(cells, "output", plan.output_columns),
        draft=draft,
        facts=facts,
    )


def field_name(column: str) -> str:
    """The name of the field that a listed column fills, without the signs that would read as a path."""
    if part_of(column) in ("input", "output"):
        column = column.partition(".")[2]
    return column.strip(". ").replace(".", "_").replace("[", "(").replace("]", ")") or "field"


def _read_part(cells: JsonObject, part: str, listed: Sequence[str]) -> JsonObject:
    if not listed:
        return _read_named_part(cells, part)
    present = [column for column in listed if _has_cell(cells, column)]
    if not present:
        raise RowRefused(f"the row has no {' and no '.join(listed[:5])}", f"add the {part}, or leave the row out")
    values = {field_name(column): _get_cell(cells, column) for column in present}
    return {name: value for name, value in values.items() if value is not None}


def _read_named_part(cells: JsonObject, part: str) -> JsonObject:
    whole = cells.get(part)
    columns = [(column, path) for column, path in _prefixed(cells, part)]
    if whole is None and not columns:
        remedies = {
            "input": 'write what came in as "input": {"message": "…"}',
            "output": 'write what a person answered as "output": {"field": "…"}',
        }
        raise RowRefused(f"the row has no {part}", remedies[part])
    collected = dict(read_object(whole, part, '{"field": "…"}')) if whole is not None else {}
    for column, path in columns:
        if cells[column] is not None:
            collected = with_field(collected, path, cells[column])
    return collected


def _draft(cells: JsonObject, plan: ColumnPlan) -> JsonObject | None:
    columns = [(column, path) for column, path in _prefixed(cells, "draft") if cells[column] is not None]
    whole = next((value for name, value in cells.items() if name.lower() == "draft"), None)
    if whole is not None and len(plan.output_columns) == 1 and not isinstance(whole, Mapping):
        return {field_name(plan.output_columns[0]): whole}
    if whole is None and not columns:
        return None
    collected = dict(read_object(whole, "draft", '{"field": "…"}')) if whole is not None else {}
    for column, path in columns:
        collected = with_field(collected, path, cells[column])
    return collected


def _prefixed(cells: JsonObject, part: str) -> Iterator[tuple[str, str]]:
    for column in cells:
        start, _, path = column.partition(".")
        if path and start.lower() == part:
            yield column, path


def _has_cell(cells: JsonObject, column: str) -> bool:
    part, _, name = column.partition(".")
    inner = cells.get(part)
    return column in cells or (isinstance(inner, Mapping) and name in inner)


def _get_cell(cells: JsonObject, column: str) -> Json:
    part, _, name = column.partition(".")
    inner = cells.get(part)
    return cells[column] if column in cells else inner.get(name) if isinstance(inner, Mapping) else None


def _columns_by_person(
    free: Sequence[str], mapping: ColumnMapping, file_name: str, columns: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    inputs = tuple(_find_column(name, "input", columns, file_name) for name in mapping.input_columns)
    outputs = tuple(_find_column(name, "output", columns, file_name) for name in mapping.output_columns)
    both = sorted(set(inputs) & set(outputs))
    if both:
        raise HistoryFileError(f"{file_name}: {both[0]} cannot be both input and output. Name it in one of the two.")
    inputs = inputs or tuple(column for column in free if column not in outputs)
    outputs = outputs or tuple(column for column in free if column not in inputs)
    if not inputs or not outputs:
        part = "output" if inputs else "input"
        raise HistoryFileError(f"{file_name}: no column is left for the {part}. Its columns are {_spell(columns)}.")
    return inputs, outputs


def _find_column(name: str, part: str, columns: Sequence[str], file_name: str) -> str:
    for candidate in (name, f"{part}.{name}"):
        if candidate in columns:
            return candidate
    near = get_close_matches(name, columns, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Its columns are {_spell(columns)}."
    raise HistoryFileError(f"{file_name} has no column {name}. {hint}")


def _ask_for_columns(free: Sequence[str], file_name: str) -> str:
    parts = {part_of(column) for column in free} - {""}
    if len(parts) == 1 and all(part_of(column) for column in free):
        missing = "what a person answered (output)" if parts == {"input"} else "what came in (input)"
        return f"{file_name} does not say {missing}: add it to each row, because work without it teaches nothing."
    if len(free) < 2:
        return (
            f"{file_name} needs at least two columns: what came in, and what a person answered. "
            f"It has {_spell(free) if free else 'none of them'}; separate columns with commas and give each a name."
        )
    return (
        f"{file_name} does not say which columns came in and which a person answered. Say it, for example "
        f"--input {','.join(free[:-1])} --output {free[-1]}, or name the columns input.FIELD and output.FIELD."
    )


def _spell(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:20])
    return f"{shown} and {len(columns) - 20} more" if len(columns) > 20 else shown
