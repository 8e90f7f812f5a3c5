"""Gathers what a span's attributes and events say, by meaning, in the order in which their word counts."""

from collections.abc import Mapping

from teachback.json_types import Json
from teachback_server.jobs.meaning.convention import Means
from teachback_server.jobs.meaning.conventions.plain_names import is_count
from teachback_server.jobs.meaning.loose_json import gather_indexed, is_empty, read_json
from teachback_server.jobs.meaning.spans import Attributes, Span
from teachback_server.jobs.meaning.tables import LONGEST_NAME, Place, find_place, is_in_a_table

Gathered = Mapping[Means, list[Json]]  # nothing empty is in it; JSON texts are read

# Read as messages, as documents or as errors, by those who want them.
EVENTS_IN = frozenset(
    {"gen_ai.user.message", "gen_ai.system.message", "gen_ai.assistant.message", "gen_ai.tool.message"}
)
EVENTS_OUT = frozenset({"gen_ai.choice"})
EVENTS_OF_DOCUMENTS = frozenset({"db.query.result", "db.search.result"})
EVENT_OF_ERROR = "exception"
EVENT_OF_EVALUATION = "gen_ai.evaluation.result"
EVENTS_READ = EVENTS_IN | EVENTS_OUT | EVENTS_OF_DOCUMENTS | {EVENT_OF_ERROR, EVENT_OF_EVALUATION}
_NOT_GATHERED = frozenset({Means.SETTING, Means.FEEDBACK})


def gather(span: Span) -> Gathered:
    """Gather everything that a span says: in its attributes, and in events that carry what attributes could."""
    said = gather_attributes(span.attributes)
    for event in span.events:
        if event.name in EVENTS_READ or not event.attributes:
            continue
        # Only names that a table has: events are full of log messages, which are no part of the work.
        known = {
            name: value for name, value in event.attributes.items() if len(name) <= LONGEST_NAME and is_in_a_table(name)
        }
        for means, values in gather_attributes(known).items():
            said.setdefault(means, []).extend(values)
    return said


def gather_attributes(attributes: Attributes) -> dict[Means, list[Json]]:
    """Gather what attributes say, by meaning; spread attributes are put together."""
    whole: list[tuple[Place, str, Json]] = []
    spread: dict[Place, list[tuple[str, Json]]] = {}
    for name, value in attributes.items():
        place = find_place(name) if len(name) <= LONGEST_NAME else None
        if place is None or place.means in _NOT_GATHERED or is_empty(value):
            continue
        if place.is_plain and (isinstance(value, bool) or (isinstance(value, int | float) and is_count(name))):
            continue  # a switch or a limit, whatever its name: `use_prompt`, `n_results`
        if place.prefix:
            spread.setdefault(place, []).append((name[len(place.prefix) + 1 :], value))
        else:
            whole.append((place, name, value))
    whole.extend((place, "", gather_indexed(parts)) for place, parts in spread.items())
    whole.sort(key=lambda entry: (entry[0].rank, entry[1]))
    return _sort_by_meaning(whole)


def _sort_by_meaning(entries: list[tuple[Place, str, Json]]) -> dict[Means, list[Json]]:
    said: dict[Means, list[Json]] = {}
    plain: dict[Means, dict[str, Json]] = {}
    for place, name, value in entries:
        read = read_json(value)
        if is_empty(read):
            continue
        if place.is_plain:
            plain.setdefault(place.means, {})[name] = read
        else:
            said.setdefault(place.means, []).append(read)
    for means, named in plain.items():
        # Of one alone the value says enough; of several, only their names tell them apart.
        said.setdefault(means, []).append(next(iter(named.values())) if len(named) == 1 else named)
    return said


def find_value(said: Gathered, means: Means) -> Json:
    """The value that counts most for a meaning; None where nothing was said."""
    values = said.get(means)
    return values[0] if values else None


def find_text(said: Gathered, means: Means) -> str:
    """The first text with a meaning; empty where there is none."""
    return next((value for value in said.get(means, ()) if isinstance(value, str)), "")
