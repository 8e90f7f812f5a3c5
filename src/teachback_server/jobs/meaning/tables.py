"""All conventions as one: where an attribute stands in them, and which of them a span follows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means
from teachback_server.jobs.meaning.conventions.frameworks import FRAMEWORKS
from teachback_server.jobs.meaning.conventions.google_adk import GOOGLE_ADK
from teachback_server.jobs.meaning.conventions.langfuse import LANGFUSE
from teachback_server.jobs.meaning.conventions.mlflow import MLFLOW
from teachback_server.jobs.meaning.conventions.openinference import OPENINFERENCE
from teachback_server.jobs.meaning.conventions.openllmetry import OPENLLMETRY
from teachback_server.jobs.meaning.conventions.opentelemetry_gen_ai import OPENTELEMETRY_GEN_AI
from teachback_server.jobs.meaning.conventions.opentelemetry_general import OPENTELEMETRY_GENERAL
from teachback_server.jobs.meaning.conventions.plain_names import (
    find_meaning_of_last_word,
    find_meaning_of_name,
    is_like_a_carrier,
)
from teachback_server.jobs.meaning.conventions.pydantic_ai import PYDANTIC_AI
from teachback_server.jobs.meaning.conventions.teachback_own import TEACHBACK
from teachback_server.jobs.meaning.conventions.vector_stores import VECTOR_STORES
from teachback_server.jobs.meaning.conventions.vercel_ai_sdk import VERCEL_AI_SDK

# A span may follow several at once; the more particular stands first and its word counts.
CONVENTIONS: tuple[Convention, ...] = (
    TEACHBACK,
    LANGFUSE,
    OPENINFERENCE,
    MLFLOW,
    VERCEL_AI_SDK,
    GOOGLE_ADK,
    PYDANTIC_AI,
    OPENLLMETRY,
    OPENTELEMETRY_GEN_AI,
    FRAMEWORKS,
    VECTOR_STORES,
    OPENTELEMETRY_GENERAL,
)
LONGEST_NAME = 1000  # characters; a longer name is of no convention, and would cost memory to remember
_REMEMBERED_NAMES = 8192  # the names of attributes repeat from span to span, indexed ones among them
_LONGEST_SCOPE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an attribute stands in the tables."""

    means: Means
    rank: int  # the lower, the more its word counts
    prefix: str = ""  # it is one of many attributes that begin so and that make one value together
    is_plain: bool = False  # no convention knows it; its words told


def list_keys(means: Means) -> tuple[str, ...]:
    """Every whole attribute with this meaning, the one that counts most first."""
    return tuple(key for key, place in _WHOLE.items() if place.means is means)


def _merge_tables() -> dict[str, Place]:
    merged: dict[str, Place] = {}
    for convention in CONVENTIONS:
        for name, means in convention.attributes.items():
            merged.setdefault(name, Place(means=means, rank=len(merged), prefix=name.removesuffix(".*")))
    return merged


_ALL = _merge_tables()
_WHOLE: Mapping[str, Place] = {
    name: Place(means=place.means, rank=place.rank) for name, place in _ALL.items() if not name.endswith(".*")
}
_BEGINNINGS: Mapping[str, Place] = {place.prefix: place for name, place in _ALL.items() if name.endswith(".*")}
KNOWN_NAMES = frozenset(_WHOLE)

KINDS: Mapping[str, StepKind] = {
    value: kind for convention in reversed(CONVENTIONS) for value, kind in convention.kinds.items()
}
_RANKS_OF_MARKERS: Mapping[str, int] = {
    marker: rank for rank, convention in enumerate(CONVENTIONS) for marker in convention.markers
}
_MARKERS = frozenset(_RANKS_OF_MARKERS)
_CONVENTION_BY_RANK = tuple(convention.name for convention in CONVENTIONS)


@lru_cache(maxsize=_REMEMBERED_NAMES)
def find_place(name: str) -> Place | None:
    """Find what an attribute means: by its whole name, else by the longest beginning in a table, else by its words."""
    if name in _WHOLE:
        return _WHOLE[name]
    place = _find_beginning(name)
    if place is not None and place.means is not Means.SETTING:
        return place
    # A table that puts a whole family of names aside cannot know its newest member.
    means = find_meaning_of_name(name) if place is None else find_meaning_of_last_word(name)
    return place if means is None else Place(means=means, rank=len(_ALL), is_plain=True)


def _find_beginning(name: str) -> Place | None:
    beginning = name
    while "." in beginning:
        beginning = beginning.rpartition(".")[0]
        if beginning in _BEGINNINGS:
            return _BEGINNINGS[beginning]
    return None


def is_in_a_table(name: str) -> bool:
    """Tell whether a convention says what an attribute means."""
    place = find_place(name)
    return place is not None and not place.is_plain


@lru_cache(maxsize=_REMEMBERED_NAMES)
def is_unread(name: str) -> bool:
    """Tell whether an attribute looks as if it carried messages while no table says what it means."""
    return is_like_a_carrier(name) and find_place(name) is None


@lru_cache(maxsize=_REMEMBERED_NAMES)
def is_feedback(name: str) -> bool:
    """Tell whether an attribute is part of a judgement."""
    place = find_place(name)
    return place is not None and place.means is Means.FEEDBACK


def find_marked_convention(names: Collection[str]) -> str:
    """Name the convention that attributes with these names follow; empty where none of them marks one."""
    found = _MARKERS.intersection(names)
    return _CONVENTION_BY_RANK[min(map(_RANKS_OF_MARKERS.__getitem__, found))] if found else ""


def find_convention_of_scope(scope: str) -> str:
    """Name the convention of an instrumentation; empty for one that we do not know."""
    return _find_convention_of_scope(scope[:_LONGEST_SCOPE])


@lru_cache(maxsize=_REMEMBERED_NAMES)
def _find_convention_of_scope(scope: str) -> str:
    return next((table.name for table in CONVENTIONS if scope and scope.startswith(table.scopes)), "")
