"""A fitted `local` model as plain arrays, JSON and crfsuite files, and back; and the key under which it is kept."""

from collections.abc import Mapping
from importlib.metadata import version
from operator import itemgetter
from typing import cast

import numpy as np

from teachback.json_types import Json, JsonObject, content_hash
from teachback_server.agents.fitted_state import FittedState
from teachback_server.agents.local.choices import ChoiceModel
from teachback_server.agents.local.confidence import ConfidenceModel
from teachback_server.agents.local.fields import FieldKind, FieldPlan
from teachback_server.agents.local.model import FieldModels, LocalModel
from teachback_server.agents.local.spans import SpanReader
from teachback_server.agents.local.text_features import TermIndex
from teachback_server.agents.protocol import ReleaseBundle

AGENT_VERSION = "local-1"  # raise it when the same examples would be fitted differently
_LIBRARIES = ("numpy", "scikit-learn", "python-crfsuite")


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
    """Everything that `unpack_model` needs."""
    names = list(model.fields.choices)
    arrays: dict[str, np.ndarray] = {
        "term_weights": model.terms.weights,
        "confidence_means": model.confidence.means,
        "confidence_scales": model.confidence.scales,
        "confidence_weights": model.confidence.weights,
    }
    for at, name in enumerate(names):
        arrays[f"choice_{at}_weights"] = model.fields.choices[name].weights
        arrays[f"choice_{at}_offsets"] = model.fields.choices[name].offsets
    sources = list(model.files)
    values: dict[str, Json] = {
        "text_paths": list(model.terms.text_paths),
        "number_steps": {name: list(steps) for name, steps in model.terms.number_steps.items()},
        "terms": [term for term, _ in sorted(model.terms.columns.items(), key=itemgetter(1))],
        "confidence_offset": model.confidence.offset,
        "plan": [_pack_field(field) for field in model.fields.plan],
        "choices": [[name, list(model.fields.choices[name].values)] for name in names],
        "spellings": {name: dict(pairs) for name, pairs in model.fields.spellings.items()},
        "sources": list(sources),
    }
    files = {f"spans_{at}.crfsuite": model.files[source] for at, source in enumerate(sources)}
    return FittedState(values=values, arrays=arrays, files=files)


def unpack_model(state: FittedState) -> LocalModel:
    """The model of a stored state. Raises KeyError, TypeError or ValueError for one that this version cannot read."""
    values, arrays = cast("Mapping[str, object]", state.values), state.arrays
    terms = cast("list[str]", values["terms"])
    sources = cast("list[str]", values["sources"])
    files = {source: state.files[f"spans_{at}.crfsuite"] for at, source in enumerate(sources)}
    choices = {
        name: ChoiceModel(
            values=tuple(spelled),
            weights=arrays[f"choice_{at}_weights"].astype(np.float32, copy=False),
            offsets=arrays[f"choice_{at}_offsets"].astype(np.float32, copy=False),
        )
        for at, (name, spelled) in enumerate(cast("list[tuple[str, list[str]]]", values["choices"]))
    }
    return LocalModel(
        terms=TermIndex(
            text_paths=tuple(cast("list[str]", values["text_paths"])),
            number_steps={
                name: tuple(steps) for name, steps in cast("dict[str, list[float]]", values["number_steps"]).items()
            },
            columns={term: column for column, term in enumerate(terms)},
            weights=arrays["term_weights"].astype(np.float32, copy=False),
        ),
        fields=FieldModels(
            plan=tuple(_unpack_field(field) for field in cast("list[dict[str, Json]]", values["plan"])),
            choices=choices,
            readers={source: SpanReader(file) for source, file in files.items()},
            spellings=cast("Mapping[str, Mapping[str, str]]", values["spellings"]),
        ),
        confidence=ConfidenceModel(
            means=arrays["confidence_means"].astype(np.float64, copy=False),
            scales=arrays["confidence_scales"].astype(np.float64, copy=False),
            weights=arrays["confidence_weights"].astype(np.float64, copy=False),
            offset=float(cast("float", values["confidence_offset"])),
        ),
        files=files,
    )


def _pack_field(field: FieldPlan) -> dict[str, Json]:
    return {
        "path": list(field.path),
        "kind": field.kind.value,
        "is_number": field.is_number,
        "is_required": field.is_required,
        "source": field.source,
    }


def _unpack_field(stored: Mapping[str, Json]) -> FieldPlan:
    return FieldPlan(
        path=tuple(cast("list[str]", stored["path"])),
        kind=FieldKind(str(stored["kind"])),
        is_number=bool(stored["is_number"]),
        is_required=bool(stored["is_required"]),
        source=str(stored["source"]),
    )
