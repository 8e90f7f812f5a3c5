"""A fitted `local` model as plain arrays, JSON and crfsuite files, and back; and the key under which it is kept."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from teachback.json_types import Json, JsonObject, content_hash
from teachback_server.agents.fitted_state import FittedState
from teachback_server.agents.local.choices import ChoiceModel, FittedChoice
from teachback_server.agents.local.confidence import pack_confidence, unpack_confidence
from teachback_server.agents.local.fields import FieldKind, FieldPlan
from teachback_server.agents.local.learning import LocalModel
from teachback_server.agents.local.parts import FittedPart
from teachback_server.agents.local.span_groups import FittedGroup, SpanGroup, open_group
from teachback_server.agents.local.spellings import parse_spelling
from teachback_server.agents.local.text_features import TermIndex, make_term_index
from teachback_server.agents.protocol import ReleaseBundle

AGENT_VERSION = "local-5"  # raise it when the same examples would be fitted differently
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "python-crfsuite")


def key_of(bundle: ReleaseBundle) -> str:
    """Name what is fitted by all that decides it: examples, output schema, agent and library versions.

    Rules, checks and approval are left out: releases that differ in them alone share one fit.
    """
    parts: JsonObject = {
        "agent": AGENT_VERSION,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "output_schema": bundle.output_schema,
        "examples": sorted(example.content_hash for example in bundle.examples),
    }
    return content_hash(parts)


def pack_model(model: LocalModel) -> FittedState:
    """Everything that the model knows; `unpack_model` makes an equal model of it."""
    parts: list[Json] = []
    arrays: dict[str, NDArray[np.generic]] = dict(pack_confidence(model.confidence))
    files: dict[str, bytes] = {}
    for place, part in enumerate(model.parts):
        if isinstance(part, FittedChoice):
            parts.append({"field": part.field.name, "values": part.model.values})
            arrays |= {f"weights{place}": part.model.weights, f"offsets{place}": part.model.offsets}
        elif isinstance(part, FittedGroup):
            spellings = {name: spelling.as_json() for name, spelling in part.spellings.items()}
            parts.append({"fields": [field.name for field in part.group.fields], "spellings": spellings})
            files[f"part{place}.crfsuite"] = part.model
    values: dict[str, Json] = {"fields": [asdict(field) for field in model.fields], "parts": parts, "terms": None}
    if model.terms is not None:
        values["terms"] = _pack_terms(model.terms)
        arrays["term_weights"] = model.terms.weights
    return FittedState(values=values, arrays=arrays, files=files)


def unpack_model(state: FittedState) -> LocalModel:
    """Put together what `pack_model` took apart."""
    fields = tuple(_parse_field(stored) for stored in _list(state.values["fields"]))
    by_name = {field.name: field for field in fields}
    terms = state.values["terms"]
    return LocalModel(
        fields=fields,
        terms=_unpack_terms(terms, state.arrays["term_weights"]) if isinstance(terms, Mapping) else None,
        parts=tuple(
            _unpack_part(stored, place, by_name, state) for place, stored in enumerate(_list(state.values["parts"]))
        ),
        confidence=unpack_confidence(state.arrays),  # type: ignore[arg-type]
    )


def _unpack_part(stored: JsonObject, place: int, by_name: Mapping[str, FieldPlan], state: FittedState) -> FittedPart:
    if "field" in stored:
        model = ChoiceModel(
            values=tuple(stored["values"]),  # type: ignore[arg-type]
            weights=state.arrays[f"weights{place}"],  # type: ignore[arg-type]
            offsets=state.arrays[f"offsets{place}"],  # type: ignore[arg-type]
        )
        return FittedChoice(field=by_name[str(stored["field"])], model=model)
    fields = tuple(by_name[str(name)] for name in stored["fields"])  # type: ignore[union-attr]
    spellings = {name: parse_spelling(rules) for name, rules in stored["spellings"].items()}  # type: ignore[union-attr,arg-type]
    group = SpanGroup(sources=fields[0].sources, fields=fields)
    return open_group(group, state.files[f"part{place}.crfsuite"], spellings)


def _pack_terms(terms: TermIndex) -> JsonObject:
    return {"text_paths": terms.text_paths, "number_steps": terms.number_steps, "terms": terms.terms}


def _unpack_terms(stored: JsonObject, weights: NDArray[np.generic]) -> TermIndex:
    return make_term_index(stored["text_paths"], stored["number_steps"], stored["terms"], weights)  # type: ignore[arg-type]


def _parse_field(stored: JsonObject) -> FieldPlan:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()}
    return FieldPlan(**{**values, "kind": FieldKind(str(stored["kind"]))})  # type: ignore[arg-type]


def _list(value: Json) -> list[JsonObject]:
    assert isinstance(value, list)
    return value
