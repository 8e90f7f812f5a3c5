"""The pieces that pages are put together from. Start a template with `{% extends "base.html" %}{% load components %}`.

Blocks of base.html: `title` (plain text), `main_class` ("narrow" for forms, "full" for the desk), `head` (own CSS and
scripts: `<script type="module" src="{% static … %}">`), `content`, `after` (outside of <main>: a bar at the bottom).
Classes for layout: `page-head` (heading left, acts right), `stack`, `stack tight`, `row`, `grid` (tiles), `halves` (two
columns), `muted`, `small`, `number` (right, same-width digits), `unseen` (for screen readers only).

    {% rate share=0.87 low=0.84 high=0.90 hits=412 of=473 label="Right first time" %}    tile: 87 % · 412 of 473 · …
    {% rate_inline share=0.87 low=0.84 high=0.90 hits=412 of=473 %}     in a sentence: 87 % (412 of 473, 84 to 90 %)
    {% band share=0.87 low=0.84 high=0.90 limit=0.95 %}                 the interval drawn as a bar; `limit` is optional
    {% figure "11 s" label="Time to decide" note="middle of 1 058" %}   tile with any other figure
        share=None shows "cannot tell yet" everywhere. Leave out hits and of for a weighted rate, or give of="473 jobs".
    {% badge review.verdict %}   {% badge "live" %}   {% badge "x" label="Not proven yet" tone="warn" %}
        word plus shape for any stored word (wording.WORDS); tones: good warn bad info unsure
    {% card "Heading" note="What it shows" %} … {% endcard %}
    {% note "warn" word="Not proven yet" %} about 400 more reviewed jobs are needed {% endnote %}
    {% empty_state "No job waits" %}<p>…</p><a class="button primary" href="…">What to do next</a>{% endempty_state %}
    {% definitions pairs %}                   pairs: sequence of (term, value), or a dict; values may be safe HTML
    {% table headings rows caption="…" %}     rows: sequences of cells; numbers stand right; cells may be safe HTML
        By hand: <div class="table-scroll"><table><caption>…</caption><thead>…<td class="number">…</table></div>
    {% field form.title %}                    label, control, help and error of one form field, wired for screen readers
        <form method="post" class="form">{% csrf_token %}{% form_errors form %}{% field form.a %}
        <div class="buttons"><button class="button primary">Save</button><a class="button">Back</a></div></form>
    {% pagination page_obj %}                 of a Django Paginator page; keeps the other parts of the address's query
    {% progress 120 473 label="Jobs through the loop" %}
    {% when job.finished_at %}                27 min ago, with the exact time on hover
Filters: `0.87|percent`, `1240|count`, `11.2|duration`, `value|shown` (any JSON value in a line), `value|word` (label).
Messages: `messages.success(request, "Saved.")` shows on the next page; in an htmx answer include "site/messages.html".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from teachback.json_types import Json
from teachback_server.site import wording

register = template.Library()


def _evidence(low: float | None, high: float | None, hits: int | None, of: int | str | None) -> list[str]:
    jobs = of if isinstance(of, str) else wording.count(of) if of is not None else None
    counted = f"{wording.count(hits)} of {jobs}" if hits is not None and jobs else jobs
    between = wording.interval(low, high) if low is not None and high is not None else None
    return [part for part in (counted, between) if part]


@register.inclusion_tag("site/components/rate.html")
def rate(
    share: float | None,
    low: float | None = None,
    high: float | None = None,
    hits: int | None = None,
    of: int | str | None = None,
    label: str = "",
    limit: float | None = None,
) -> dict[str, object]:
    """A tile with a rate, its count and its interval."""
    return {
        "label": label,
        "figure": wording.percent(share),
        "is_unsure": share is None,
        "evidence": " · ".join(_evidence(low, high, hits, of)),
        **band(share, low, high, limit),
    }


@register.simple_tag
def rate_inline(
    share: float | None,
    low: float | None = None,
    high: float | None = None,
    hits: int | None = None,
    of: int | str | None = None,
) -> SafeString:
    """A rate with its count and its interval inside a sentence."""
    evidence = ", ".join(_evidence(low, high, hits, of))
    text = f"{wording.percent(share)} ({evidence})" if evidence else wording.percent(share)
    return format_html('<span class="rate-inline">{}</span>', text)


@register.inclusion_tag("site/components/band.html")
def band(
    share: float | None, low: float | None = None, high: float | None = None, limit: float | None = None
) -> dict[str, object]:
    """The interval of a rate, drawn as a bar from 0 to 100 %; says nothing that the words beside it do not say."""
    if low is None or high is None:
        return {"has_band": False}
    return {
        "has_band": True,
        "low": f"{low * 100:.2f}",
        "width": f"{max(high - low, 0.004) * 100:.2f}",
        "point": None if share is None else f"{share * 100 - 0.5:.2f}",
        "limit": None if limit is None else f"{limit * 100 - 0.25:.2f}",
    }


@register.inclusion_tag("site/components/figure.html")
def figure(value: str | float, label: str = "", note: str = "") -> dict[str, object]:
    """A tile with one figure that is no rate."""
    return {"label": label, "figure": _cell(value), "note": note}


@register.simple_tag
def badge(value: str, label: str = "", tone: str = "") -> SafeString:
    """A stored word as a badge: word plus shape."""
    word = wording.word_of(value)
    return format_html('<span class="badge {}">{}</span>', tone or word.tone.value, label or word.label)


@register.simple_block_tag
def card(content: SafeString, heading: str = "", note: str = "") -> SafeString:
    """A box with a heading."""
    said = format_html('<p class="card-note">{}</p>', note) if note else ""
    head = format_html('<div class="card-head"><h2>{}</h2>{}</div>', heading, said) if heading else said
    return format_html('<section class="card">{}{}</section>', head, content)


@register.simple_block_tag
def note(content: SafeString, tone: str = "", word: str = "") -> SafeString:
    """A remark that stands out."""
    first = format_html('<span class="note-word">{}</span>', word) if word else ""
    return format_html('<div class="note {}">{}<div>{}</div></div>', tone, first, content)


@register.simple_block_tag(end_name="endempty_state")
def empty_state(content: SafeString, heading: str) -> SafeString:
    """What stands where nothing is yet: what it is for, and what to do next."""
    return format_html('<div class="empty"><h2>{}</h2>{}</div>', heading, content)


@register.inclusion_tag("site/components/definitions.html")
def definitions(pairs: Sequence[tuple[str, object]] | Mapping[str, object]) -> dict[str, object]:
    """Terms with their values."""
    return {"pairs": list(pairs.items()) if isinstance(pairs, Mapping) else pairs}


@register.inclusion_tag("site/components/table.html")
def table(headings: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> dict[str, object]:
    """A table that scrolls in its own box."""
    first = rows[0] if rows else []
    is_number = [_is_number(cell) for cell in first] or [False] * len(headings)
    return {
        "caption": caption,
        "headings": list(zip(headings, is_number, strict=True)),
        "rows": [[(_cell(cell), _is_number(cell)) for cell in row] for row in rows],
    }


@register.inclusion_tag("site/components/field.html")
def field(bound: BoundField) -> dict[str, object]:
    """One field of a form with its label, help and error."""
    return {"field": bound, "is_choice": isinstance(bound.field.widget, CheckboxInput)}


@register.inclusion_tag("site/components/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, object]:
    """What is wrong with a form as a whole."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("site/components/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[object]) -> dict[str, object]:
    """Links to the page before and after, with what is shown of how much."""
    return {"page": page, "request": context["request"]}


@register.inclusion_tag("site/components/progress.html")
def progress(value: int, maximum: int, label: str = "") -> dict[str, object]:
    """How far something has come."""
    return {"value": value, "maximum": max(maximum, 1), "label": label}


@register.simple_tag
def when(at: datetime | None) -> SafeString | str:
    """How long ago, with the exact time on hover."""
    if at is None:
        return "not yet"
    exact = f"{at:%Y-%m-%d %H:%M} UTC"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, wording.ago(at, timezone.now())
    )


@register.filter
def percent(share: float | None) -> str:
    """A share as "87 %"."""
    return wording.percent(share)


@register.filter
def count(number: float) -> str:
    """A whole number with its thousands apart."""
    return wording.count(number)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in the unit that a person would use."""
    return wording.duration(seconds)


@register.filter
def shown(value: Json) -> str:
    """Any JSON value in one line."""
    return wording.shown(value)


@register.filter
def word(value: str) -> str:
    """The label of a stored word."""
    return wording.word_of(value).label


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _cell(cell: object) -> object:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return wording.count(cell)
    return f"{cell:.2f}" if isinstance(cell, float) else cell
