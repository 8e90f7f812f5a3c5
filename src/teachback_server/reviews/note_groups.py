"""Finds what people keep writing in the notes of “Other”: words that several notes share, to name a reason by. Pure."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

FEWEST_NOTES = 3
MOST_GROUPS = 8
_WORD = re.compile(r"[^\W\d_]{3,}")
# Words of English, German, French and Spanish that say nothing by themselves.
# fmt: off
_EMPTY_WORDS = frozenset({
    "about", "after", "again", "all", "als", "also", "and", "any", "are", "auch", "auf", "aus", "avec",
    "because", "been", "before", "bei", "being", "but", "can", "con", "could", "dans", "das", "dass", "del",
    "dem", "den", "der", "des", "did", "die", "does", "done", "ein", "eine", "einen", "est", "for", "from",
    "für", "had", "has", "hat", "have", "her", "here", "him", "his", "ich", "into", "ist", "its", "just",
    "las", "les", "los", "mit", "more", "nicht", "noch", "not", "nur", "oder", "one", "only", "other", "our",
    "out", "over", "par", "para", "pas", "please", "por", "pour", "que", "qui", "she", "should", "sie", "sind",
    "some", "still", "sur", "than", "that", "the", "their", "them", "then", "there", "they", "this", "too",
    "una", "und", "under", "une", "very", "von", "war", "was", "weil", "wenn", "were", "what", "when", "where",
    "which", "who", "will", "wir", "wird", "with", "would", "wrong", "you", "your",
})
# fmt: on


@dataclass(frozen=True, kw_only=True)
class NoteGroup:
    """Notes that share words: the words as a label to start from, and the ids of their reviews."""

    label: str
    review_ids: tuple[int, ...]
    sample: str  # one of the notes


def group_notes(notes: Mapping[int, str]) -> tuple[NoteGroup, ...]:
    """Group notes, by the id of their review, by the words that most of them share; the largest group first.

    A pair of words that stand beside each other names a group better than either, so it wins over a single word that
    is not in clearly more notes. Each note falls into one group; what fewer than three notes share is no group.
    """
    phrases = {review_id: _phrases_of(note) for review_id, note in notes.items()}
    groups: list[NoteGroup] = []
    while len(groups) < MOST_GROUPS:
        counts = Counter(phrase for found in phrases.values() for phrase in found)
        best = max(counts, key=lambda phrase: (_worth(phrase, counts[phrase]), phrase), default="")
        if counts[best] < FEWEST_NOTES:
            break
        members = tuple(sorted(review_id for review_id, found in phrases.items() if best in found))
        groups.append(NoteGroup(label=best.capitalize(), review_ids=members, sample=notes[members[0]]))
        phrases = {review_id: found for review_id, found in phrases.items() if best not in found}
    return tuple(sorted(groups, key=lambda group: -len(group.review_ids)))


def _worth(phrase: str, notes: int) -> float:
    """How good a name a phrase is: in so many notes, and two words count for half as many again."""
    return (notes if notes >= FEWEST_NOTES else 0) * (1.5 if " " in phrase else 1.0)


def _phrases_of(note: str) -> frozenset[str]:
    words = [word for word in _WORD.findall(note.casefold()) if word not in _EMPTY_WORDS]
    pairs = (f"{first} {second}" for first, second in pairwise(words))
    return frozenset([*words, *pairs])
