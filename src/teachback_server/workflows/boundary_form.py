"""The form in which a person says what the work is: it opens with any boundary and, when valid, gives one back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.text import slugify

from teachback_server.workflows.boundary import DEFAULT_OBSERVED_SHARE, DEFAULT_REASONS, Boundary, ReasonOption
from teachback_server.workflows.schema_form import (
    SchemaForm,
    open_schema_form,
    read_schema_form,
    rearrange_schema_form,
)

MOST_REASONS = 30
_HAND_BACK_COSTS = (
    (0.0, "Nothing: a hand-back is free"),
    (0.1, "A tenth: ten hand-backs are as bad as one wrong answer"),
    (0.25, "A quarter: four hand-backs are as bad as one wrong answer"),
    (0.5, "Half: two hand-backs are as bad as one wrong answer"),
    (1.0, "The same: a hand-back is as bad as a wrong answer"),
)


class WordsForm(forms.Form):
    """All that a boundary says in words and figures; the fields of input and output have forms of their own."""

    title = forms.CharField(
        label="Title",
        max_length=200,
        help_text="What people call this work, for example “Support inbox”.",
        error_messages={"required": "Give the work a title, for example “Support inbox”."},
    )
    name = forms.CharField(
        label="Short name",
        max_length=80,
        required=False,
        help_text="Used in addresses and by programs. Leave it empty to have it made from the title. It never changes.",
        validators=[
            RegexValidator(
                r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$",
                "Use small letters, digits and -, beginning with a letter or digit, for example support-inbox.",
            )
        ],
    )
    finished_means = forms.CharField(
        label="What “finished” means",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="When may the next person rely on it? For example: every field is filled in and the queue is right.",
    )
    hands_back_when = forms.CharField(
        label="When the agent must hand back",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example: the message holds more than one request, or it threatens legal steps.",
    )
    next_step = forms.CharField(
        label="Who uses the result next",
        required=False,
        max_length=200,
        help_text="The person, team or program that gets it, for example “billing team”.",
    )
    error_limit = forms.FloatField(
        label="Limit on errors, in per cent",
        min_value=0.01,
        max_value=99,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text="Of the jobs that nobody looks at, at most this share may be wrong. No job skips review before the"
        " evidence shows that it stays under it.",
        error_messages={
            "required": "Say how many errors are bearable, for example 5.",
            "invalid": "Write a number, for example 5.",
            "min_value": "The limit is more than 0 %%: no evidence can prove that nothing is ever wrong.",
            "max_value": "The limit is below 100 %%, for example 5.",
        },
    )
    certainty = forms.FloatField(
        label="How sure we must be of that, in per cent",
        max_value=99.9,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text="90 is usual. More takes more reviewed jobs.",
        error_messages={
            "required": "Say how sure we must be, for example 90.",
            "invalid": "Write a number, for example 90.",
            "max_value": "Nothing is ever 100 %% sure. Write at most 99.9.",
        },
    )
    hand_back_cost = forms.TypedChoiceField(
        label="What a hand-back costs, compared with a wrong answer",
        coerce=float,
        help_text="When a person gets the job back, nothing false went out, but nobody was spared the work either."
        " Changes are judged by this.",
    )
    observed_share = forms.FloatField(
        label="Of jobs that were used before Teachback saw them, review this share, in per cent",
        required=False,
        min_value=0.1,
        max_value=100,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text="For agents that only send traces. The first 300 jobs, and all that failed or were handed back, are"
        " always offered for review. 10 is usual.",
        error_messages={
            "invalid": "Write a number, for example 10.",
            "min_value": "Some of them must be reviewed, or nothing is known of the rest. Write at least 0.1.",
            "max_value": "Write at most 100.",
        },
    )
    reasons = forms.CharField(
        label="Reasons why an output is changed",
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="One a line. Reviewers choose among them with one key, so keep the list short.",
        error_messages={"required": "Name at least one reason. Reviewers say with it why they changed an output."},
    )

    def __init__(
        self, *args: Any, known_reasons: Sequence[ReasonOption], costs: Sequence[float], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._known_reasons = known_reasons
        cast(forms.ChoiceField, self.fields["hand_back_cost"]).choices = _cost_choices(costs)

    def clean_certainty(self) -> float:
        """More than even odds, or it would certify nothing."""
        certainty: float = self.cleaned_data["certainty"]
        if not certainty > 50:
            raise forms.ValidationError("Being sure means more than 50 %. Write for example 90.")
        return certainty

    def clean_reasons(self) -> tuple[ReasonOption, ...]:
        """The short list; a reason that was there before keeps its code, so that what it counted goes on."""
        labels = [line.strip() for line in self.cleaned_data["reasons"].splitlines() if line.strip()]
        if len(labels) > MOST_REASONS:
            raise forms.ValidationError(
                f"That is {len(labels)} reasons. A list that is used has at most {MOST_REASONS}."
            )
        for label in labels:
            if len(label) > 100:
                raise forms.ValidationError(f"“{label[:40]}…” is too long. A reason has at most 100 characters.")
        if len({label.casefold() for label in labels}) < len(labels):
            raise forms.ValidationError("One reason stands here twice. Remove one of the two lines.")
        return _reason_options(labels, self._known_reasons)

    def clean(self) -> dict[str, Any]:
        """Make the name from the title where nobody wrote one."""
        cleaned = super().clean() or self.cleaned_data
        if "name" in cleaned and not cleaned["name"] and cleaned.get("title"):
            cleaned["name"] = slugify(cleaned["title"])[:80].strip("-_")
            if not cleaned["name"]:
                self.add_error("name", "No name could be made from this title. Write one, for example support-inbox.")
        return cleaned


@dataclass(frozen=True, kw_only=True)
class BoundaryForm:
    """The whole form, as `workflows/boundary_fields.html` shows it."""

    words: WordsForm
    input: SchemaForm
    output: SchemaForm
    notes: Mapping[str, str] = field(default_factory=dict)  # a sentence under a field, such as how it was inferred
    is_rearranged: bool = False  # a field was added or removed, and nothing is to be saved yet

    def is_valid(self) -> bool:
        """Check every part, so that each says at once what is wrong with it."""
        if self.is_rearranged:
            return False
        return sum(not part.is_valid() for part in (self.words, self.input, self.output)) == 0

    def refuse(self, place: str, message: str) -> None:
        """Say at its place that something cannot be: `input`, `output` or the name of a field of `words`."""
        if place in ("input", "output"):
            (self.input if place == "input" else self.output).errors.append(message)
        else:
            self.words.add_error(place if place in self.words.fields else None, message)


EMPTY_BOUNDARY = Boundary(name="", title="", input_schema={}, output_schema={})


def open_boundary_form(
    boundary: Boundary = EMPTY_BOUNDARY, *, is_name_fixed: bool = False, notes: Mapping[str, str] | None = None
) -> BoundaryForm:
    """The form filled with a boundary: an empty one, one inferred from a file, or that of a workflow that exists.

    `notes` maps `input.NAME` or `output.NAME` to a sentence shown under that field.
    """
    return BoundaryForm(
        words=_words_form(boundary, is_name_fixed, initial=_words_of(boundary)),
        input=open_schema_form("input", boundary.input_schema),
        output=open_schema_form("output", boundary.output_schema),
        notes=notes or {},
    )


def read_boundary_form(
    post: QueryDict,
    opened_with: Boundary = EMPTY_BOUNDARY,
    *,
    is_name_fixed: bool = False,
    notes: Mapping[str, str] | None = None,
) -> BoundaryForm:
    """The form as it was sent, by the button that saves or by one that adds or removes a field.

    Give the boundary that it was opened with: its reasons keep their codes, and a fixed name is taken from it.
    """
    is_rearranged = "add_field" in post or "remove_field" in post
    if is_rearranged:
        typed = {name: post.get(f"boundary-{name}", "") for name in WordsForm.base_fields}
        words = _words_form(opened_with, is_name_fixed, initial=typed)
    else:
        words = _words_form(opened_with, is_name_fixed, data=post)
    read_side = rearrange_schema_form if is_rearranged else read_schema_form
    return BoundaryForm(
        words=words,
        input=read_side("input", post),
        output=read_side("output", post),
        notes=notes or {},
        is_rearranged=is_rearranged,
    )


def boundary_of(form: BoundaryForm) -> Boundary:
    """The boundary that a valid form describes."""
    words = form.words.cleaned_data
    return Boundary(
        name=words["name"],
        title=words["title"],
        input_schema=form.input.schema,
        output_schema=form.output.schema,
        finished_means=words["finished_means"],
        hands_back_when=words["hands_back_when"],
        next_step=words["next_step"],
        error_limit=words["error_limit"] / 100,
        certainty=words["certainty"] / 100,
        hand_back_cost=words["hand_back_cost"],
        observed_share=DEFAULT_OBSERVED_SHARE if words["observed_share"] is None else words["observed_share"] / 100,
        reasons=words["reasons"],
    )


def _words_form(
    boundary: Boundary, is_name_fixed: bool, *, initial: Mapping[str, str] | None = None, data: QueryDict | None = None
) -> WordsForm:
    fixed = {"name": boundary.name} if is_name_fixed else {}
    form = WordsForm(
        data,
        initial={**(initial or {}), **fixed},
        prefix="boundary",
        known_reasons=boundary.reasons,
        costs=[boundary.hand_back_cost],
    )
    form.fields["name"].disabled = is_name_fixed
    return form


def _words_of(boundary: Boundary) -> dict[str, str]:
    return {
        "name": boundary.name,
        "title": boundary.title,
        "finished_means": boundary.finished_means,
        "hands_back_when": boundary.hands_back_when,
        "next_step": boundary.next_step,
        "error_limit": _per_cent(boundary.error_limit),
        "certainty": _per_cent(boundary.certainty),
        "hand_back_cost": str(float(boundary.hand_back_cost)),
        "observed_share": _per_cent(boundary.observed_share),
        "reasons": "\n".join(reason.label for reason in boundary.reasons),
    }


def _per_cent(share: float) -> str:
    return f"{round(100 * share, 6):g}"


def _cost_choices(present: Sequence[float]) -> list[tuple[str, str]]:
    known = dict(_HAND_BACK_COSTS)
    own = {cost: f"{cost:g} of a wrong answer" for cost in present if cost not in known}
    return [(str(float(cost)), words) for cost, words in sorted({**known, **own}.items())]


def _reason_options(labels: Sequence[str], known: Sequence[ReasonOption]) -> tuple[ReasonOption, ...]:
    codes = {reason.label.casefold(): reason.code for reason in (*DEFAULT_REASONS, *known)}
    taken = set(codes.values())
    options = []
    for label in labels:
        code = codes.get(label.casefold()) or _new_code(label, taken)
        taken.add(code)
        options.append(ReasonOption(code=code, label=label))
    return tuple(options)


def _new_code(label: str, taken: set[str]) -> str:
    stem = slugify(label).replace("-", "_")[:50] or "reason"
    code, number = stem, 2
    while code in taken:
        code, number = f"{stem}_{number}", number + 1
    return code
