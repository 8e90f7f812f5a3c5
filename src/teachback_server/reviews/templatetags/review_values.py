"""`{% changed from to %}`: what a person made of one field, word by word where both are texts."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from teachback.json_types import Json
from teachback.word_diff import Segment, SegmentKind, diff_words
from teachback_server.jobs.shown_values import spell_value

register = template.Library()
_TAGS = {SegmentKind.REMOVED: "<del>{}</del>", SegmentKind.ADDED: "<ins>{}</ins>", SegmentKind.EQUAL: "{}"}


@register.simple_tag
def changed(from_value: Json, to_value: Json) -> SafeString:
    """The change of one field with removed words struck out and added words underlined."""
    if isinstance(from_value, str) and isinstance(to_value, str):
        return format_html_join("", "{}", ((_mark(segment),) for segment in diff_words(from_value, to_value)))
    if from_value is None:
        return format_html("<ins>{}</ins>", spell_value(to_value))
    if to_value is None:
        return format_html("<del>{}</del>", spell_value(from_value))
    return format_html("<del>{}</del> <ins>{}</ins>", spell_value(from_value), spell_value(to_value))


def _mark(segment: Segment) -> SafeString:
    return format_html(_TAGS[segment.kind], segment.text)
