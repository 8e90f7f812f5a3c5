"""Forms on the way from a file to a backtest: the file itself, its columns, and how the backtest is to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.forms import BoundField

from teachback_server.jobs.history_columns import RESERVED, field_name, part_of
from teachback_server.jobs.history_row import ColumnMapping

MEGABYTE = 1024 * 1024
REVIEW_CHOICES = (
    (
        "policy",
        "As the evidence allows: everything is reviewed at first, and work skips review once that is proven safe",
    ),
    ("all", "Everything: a person looks at every job, to the end"),
)
AGENT_CHOICES = (
    ("recorded", "The agent you have: its drafts stand in your file and are replayed"),
    ("local", "Teachback's own agent, which learns on this machine from what your people answered"),
)


def describe_size_limit() -> str:
    """The largest file that is taken, in words."""
    return f"{settings.MAX_HISTORY_FILE_BYTES // MEGABYTE} MB"


def describe_too_large() -> str:
    """What is wrong with a file that is too large, and what to do."""
    return (
        f"This file is larger than {describe_size_limit()}, the most that is taken. Give a shorter time, such as one "
        "month, or split the file and give the newest part."
    )


class UploadForm(forms.Form):
    """Last month's work as a file."""

    file = forms.FileField(
        label="File with finished work",
        allow_empty_file=True,  # the reader says what is wrong with an empty file, as it does on the command line
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.jsonl,.ndjson,.json"}),
        error_messages={
            "required": "Choose a file first.",
            "missing": "No file arrived. Choose it again; its name needs at least one letter or digit.",
            "invalid": "No file arrived. Choose it again.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = f"CSV or JSONL, up to {describe_size_limit()}."
        self.fields["file"].widget.attrs["data-most-bytes"] = str(settings.MAX_HISTORY_FILE_BYTES)
        self.fields["file"].widget.attrs["data-too-large"] = describe_too_large()

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is too large."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_HISTORY_FILE_BYTES:
            raise forms.ValidationError(describe_too_large())
        return file


class ColumnUse(StrEnum):
    """What a column is taken for."""

    INPUT = "input"
    OUTPUT = "output"
    NAME = "name"  # what its name says: an id, a date, a draft
    OUT = "out"


_USE_WORDS = {
    ColumnUse.INPUT: "Came in",
    ColumnUse.OUTPUT: "Was answered",
    ColumnUse.NAME: "As its name says",
    ColumnUse.OUT: "Leave out",
}


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """One column as the page shows it."""

    column: str
    examples: Sequence[str]
    field: BoundField


class ColumnsForm(forms.Form):
    """Says for each column whether it came in, was answered by a person, or does not matter."""

    def __init__(
        self,
        *args: Any,
        columns: Sequence[str],
        examples: Mapping[str, Sequence[str]],
        known: ColumnMapping,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._columns = tuple(columns)
        self._examples = examples
        for position, column in enumerate(self._columns):
            uses = _list_uses(column)
            self.fields[f"column-{position}"] = forms.ChoiceField(
                label=column,
                choices=[(use.value, _USE_WORDS[use]) for use in uses],
                initial=_guess_use(column, known).value,
                widget=forms.RadioSelect,
                error_messages={"required": "Choose one.", "invalid_choice": "Choose one of these."},
            )

    @property
    def rows(self) -> list[ColumnRow]:
        """The columns in the order of the file."""
        return [
            ColumnRow(column=column, examples=self._examples.get(column, ()), field=self[f"column-{position}"])
            for position, column in enumerate(self._columns)
        ]

    @property
    def mapping(self) -> ColumnMapping:
        """What a valid form says."""
        return ColumnMapping(
            input_columns=self._columns_used_as(ColumnUse.INPUT), output_columns=self._columns_used_as(ColumnUse.OUTPUT)
        )

    def clean(self) -> dict[str, Any]:
        """At least one column on each side, and no two that would fill the same field."""
        cleaned = super().clean() or self.cleaned_data
        for use, what in ((ColumnUse.INPUT, "came in"), (ColumnUse.OUTPUT, "a person answered")):
            fields = [field_name(column) for column in self._columns_used_as(use)]
            if not fields and not self.errors:
                raise forms.ValidationError(f"Choose at least one column that {what}.")
            twice = next((name for name in fields if fields.count(name) > 1), "")
            if twice:
                raise forms.ValidationError(f"Two of the columns would both fill the field '{twice}'. Leave one out.")
        return cleaned

    def _columns_used_as(self, use: ColumnUse) -> tuple[str, ...]:
        return tuple(
            column
            for position, column in enumerate(self._columns)
            if self.cleaned_data.get(f"column-{position}") == use.value
        )


class RunForm(forms.Form):
    """How the backtest is to run."""

    review = forms.ChoiceField(
        label="Who looks at the work", choices=REVIEW_CHOICES, initial="policy", widget=forms.RadioSelect
    )
    agent = forms.ChoiceField(label="Who does the work", choices=AGENT_CHOICES, widget=forms.RadioSelect)
    left_out = forms.IntegerField(required=False, widget=forms.HiddenInput)  # rows that the person saw to be left out

    def __init__(self, *args: Any, has_drafts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_drafts:
            self.fields["agent"].initial = "recorded"
        else:
            del self.fields["agent"]

    @property
    def chosen_agent(self) -> str:
        """The agent that does the work; without drafts there is only one."""
        return str(self.cleaned_data.get("agent", "local"))


def _list_uses(column: str) -> tuple[ColumnUse, ...]:
    if column.lower() in RESERVED:
        return (ColumnUse.INPUT, ColumnUse.OUTPUT, ColumnUse.NAME)
    if part_of(column) == "draft":
        return (ColumnUse.NAME,)
    return (ColumnUse.INPUT, ColumnUse.OUTPUT, ColumnUse.OUT)


def _guess_use(column: str, known: ColumnMapping) -> ColumnUse:
    if column in known.input_columns or (not known.is_given and part_of(column) == "input"):
        return ColumnUse.INPUT
    if column in known.output_columns or (not known.is_given and part_of(column) == "output"):
        return ColumnUse.OUTPUT
    return ColumnUse.NAME if ColumnUse.NAME in _list_uses(column) else ColumnUse.OUT
