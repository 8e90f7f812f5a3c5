"""Keeps what an agent has fitted on disk and in memory, so that one set of examples is fitted once."""

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from teachback.json_types import Json

_VALUES, _ARRAYS, _SEALS = "values.json", "arrays.npz", "seals.json"


@dataclass(frozen=True, kw_only=True)
class FittedState:
    """Everything that an agent has learned, in forms that any later version of Python can read safely."""

    values: Mapping[str, Json]
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)  # in a library's own format


class FittedStateCache:
    """A folder of fitted states, one sub-folder per key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_or_fit(self, key: str, fit: Callable[[], FittedState]) -> FittedState:
        """The state of this key; fitted and kept when there is none yet, or when what is there is damaged."""
        place = self._folder / key
        state = read_state(place)
        if state is None:
            state = fit()
            write_state(place, state)
        return state


def write_state(place: Path, state: FittedState) -> None:
    """Write a state in one step: another process sees all of it or nothing."""
    place.parent.mkdir(parents=True, exist_ok=True)
    parts = _pack(state)
    seals = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    try:
        for name, content in {**parts, _SEALS: json.dumps(seals).encode()}.items():
            (draft / name).write_bytes(content)
        if place.exists():
            shutil.rmtree(place, ignore_errors=True)
        draft.replace(place)
    except OSError:
        # Another process put the same state there first, or the disk is full: the state in memory is good either way.
        shutil.rmtree(draft, ignore_errors=True)


def read_state(place: Path) -> FittedState | None:
    """Read a state; None where there is none or where a file differs from what was written."""
    try:
        seals = json.loads((place / _SEALS).read_bytes())
        parts = {name: (place / name).read_bytes() for name in seals}
        if any(hashlib.sha256(parts[name]).hexdigest() != seal for name, seal in seals.items()):
            return None
        with np.load(io.BytesIO(parts.pop(_ARRAYS)), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        values = json.loads(parts.pop(_VALUES))
    except (OSError, ValueError, KeyError, AttributeError, BadZipFile):
        return None
    return FittedState(values=values, arrays=arrays, files=parts)


def _pack(state: FittedState) -> dict[str, bytes]:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **state.arrays)
    values = json.dumps(state.values, ensure_ascii=False, allow_nan=False).encode()
    return {**state.files, _VALUES: values, _ARRAYS: buffer.getvalue()}
