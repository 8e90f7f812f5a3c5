"""`{% marked text name sources %}`: a text of a job's input with the values that the output takes from it marked."""

from collections.abc import Iterable, Mapping

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from teachback_server.jobs.shown_values import label_of
from teachback_server.jobs.source_marks import Piece, Wanted, mark_sources

register = template.Library()


@register.simple_tag
def marked(text: str, name: str = "", sources: Mapping[str, Mapping[str, Wanted]] | str = "") -> SafeString:
    """The text, escaped; each value that the output takes from it stands in a <mark> that names its field."""
    values = sources.get(name, {}) if isinstance(sources, Mapping) else {}
    return format_html_join("", "{}", ((_piece(piece.text, piece.field),) for piece in mark_sources(text, values)))


@register.simple_tag
def pieces(cut: Iterable[Piece]) -> SafeString:
    """A text that was cut into pieces before, with its marks."""
    return format_html_join("", "{}", ((_piece(piece.text, piece.field),) for piece in cut))


def _piece(text: str, field: str) -> SafeString | str:
    if not field:
        return text
    label = label_of(field.rpartition(".")[2], None)
    return format_html(
        '<mark title="{0}" data-source-of="{2}">{1}<span class="unseen"> ({0})</span></mark>', label, text, field
    )
