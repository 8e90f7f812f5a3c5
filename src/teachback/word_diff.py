"""Shows what changed between two texts, word by word, as segments that join back to both texts exactly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Whitespace; words with what joins their parts (7:30, don't, o'clock, a@b.com); signs; and one by one the characters
# of scripts that put no space between words.
_NO_SPACE_SCRIPTS = "\u3040-\u30ff\u3400-\u9fff"
_WORD = rf"[^\W{_NO_SPACE_SCRIPTS}]+"
_WORDS = re.compile(rf"\s+|{_WORD}(?:['’.:/@-]{_WORD})*|[{_NO_SPACE_SCRIPTS}]|.", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_COMPARISONS = 1_000_000  # beyond it a comparison takes seconds; words give way to lines, lines to the whole
_SHORT_WORD_LETTERS = 4


class SegmentKind(StrEnum):
    """Whether a piece of text stands in both texts, in the first only or in the second only."""

    EQUAL = "equal"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A piece of text and what happened to it."""

    kind: SegmentKind
    text: str


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Tokens of the first text and the tokens of the second that stand in their place."""

    is_equal: bool
    before: tuple[str, ...]
    after: tuple[str, ...]


def diff_words(before: str, after: str) -> tuple[Segment, ...]:
    """Compare two texts word by word; the removed words of a change come before the added ones.

    Equal and removed segments join to `before`, equal and added ones to `after`, to the last space. Changes with one
    short word between them are shown as one change, because alternating colours cannot be read. Very long texts are
    compared line by line.
    """
    segments: list[Segment] = []
    for run in _merge_near_changes(_list_runs(before, after)):
        if run.is_equal:
            segments.append(Segment(kind=SegmentKind.EQUAL, text="".join(run.before)))
            continue
        segments.append(Segment(kind=SegmentKind.REMOVED, text="".join(run.before)))
        segments.append(Segment(kind=SegmentKind.ADDED, text="".join(run.after)))
    return tuple(segment for segment in segments if segment.text)


def _list_runs(before: str, after: str) -> list[_Run]:
    if before == after:
        return [_Run(is_equal=True, before=(before,), after=(after,))]
    for pattern in (_WORDS, _LINES):
        old, new = pattern.findall(before), pattern.findall(after)
        if len(old) * len(new) <= _MOST_COMPARISONS:
            return _compare(old, new)
    return [_Run(is_equal=False, before=(before,), after=(after,))]


def _compare(old: Sequence[str], new: Sequence[str]) -> list[_Run]:
    # Whitespace is junk to the matcher: else every space matches every other one, slowly and without meaning.
    matcher = SequenceMatcher(str.isspace, old, new, autojunk=False)
    return [
        _Run(is_equal=tag == "equal", before=tuple(old[i:j]), after=tuple(new[k:m]))
        for tag, i, j, k, m in matcher.get_opcodes()
    ]


def _merge_near_changes(runs: Sequence[_Run]) -> list[_Run]:
    merged: list[_Run] = []
    for run in runs:
        if len(merged) >= 2 and _belong_together(merged[-2], merged[-1], run):
            gap, first = merged.pop(), merged.pop()
            run = _Run(
                is_equal=False,
                before=first.before + gap.before + run.before,
                after=first.after + gap.after + run.after,
            )
        merged.append(run)
    return merged


def _belong_together(first: _Run, gap: _Run, second: _Run) -> bool:
    if first.is_equal or not gap.is_equal or second.is_equal:
        return False
    if not (first.before or second.before) or not (first.after or second.after):
        return False  # two plain additions or two plain removals read well as they are
    words = [token for token in gap.before if not token.isspace()]
    return len(words) == 0 or (len(words) == 1 and len(words[0]) <= _SHORT_WORD_LETTERS)
