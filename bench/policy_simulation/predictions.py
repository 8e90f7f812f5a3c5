"""What agents make of real work that they were not fitted on, from few examples to many; kept in a temp folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import teachback_server.agents.local
from teachback.field_diff import is_same_output
from teachback.json_types import Json, JsonObject, canonical_json, content_hash
from teachback.release_document import ReleaseDocument
from teachback_server.agents.opening import open_agent
from teachback_server.agents.protocol import Example, JobInput, ReleaseBundle
from teachback_server.jobs.history_file import read_history
from teachback_server.jobs.history_row import HistoryRow
from teachback_server.workflows.inference import infer_boundary

FOLDS = 3
SIZES = (64, 128, 256, 512, 1024, 2048, 4096, 5400)
_SEED = 7


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Entry [size, row]: a row's answer by an agent fitted on so many examples from other folds than the row's own."""

    confidences: NDArray[np.float64]
    answers: NDArray[np.int64]  # equal numbers are equal outputs
    is_right: NDArray[np.bool_]

    @property
    def jobs(self) -> int:
        """How many rows there are."""
        return int(self.answers.shape[1])


@dataclass(frozen=True, kw_only=True)
class MixedAgents:
    """Agents between the fitted sizes: each job is answered by one of the two next sizes, the nearer one more often."""

    predictions: Predictions
    draws: NDArray[np.float64]  # one per row: the same for all agents, so that neighbours in size mostly agree

    def answer(
        self, examples: int, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Confidences, answers and whether they are right, of an agent that learned from so many examples."""
        position = float(np.interp(np.log(max(examples, 1)), np.log(SIZES), np.arange(len(SIZES))))
        low = min(int(position), len(SIZES) - 2)
        sizes = low + (self.draws[rows] < position - low).astype(int)
        table = self.predictions
        return table.confidences[sizes, rows], table.answers[sizes, rows], table.is_right[sizes, rows]


def find_shared_file(name: str) -> Path:
    """A file of real work; raises FileNotFoundError that says where it was looked for."""
    folder = Path(os.environ.get("TEACHBACK_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / name).exists():
        raise FileNotFoundError(f"{name} is not in {folder}. Set TEACHBACK_SHARED_DATA to the folder that has it.")
    return folder / name


def load_predictions(name: str) -> Predictions:
    """The predictions for one file, from the temp folder, or fitted now (some minutes) when anything has changed."""
    path = find_shared_file(name)
    stored = Path(tempfile.gettempdir()) / "teachback-bench" / f"policy-{path.stem}-{_fingerprint(path)}.npz"
    if not stored.exists():
        made = _predict([row for row in read_history(path) if isinstance(row, HistoryRow)])
        stored.parent.mkdir(parents=True, exist_ok=True)
        half = stored.with_suffix(".half.npz")
        np.savez_compressed(half, confidences=made.confidences, answers=made.answers, is_right=made.is_right)
        half.rename(stored)
    with np.load(stored) as arrays:
        return Predictions(confidences=arrays["confidences"], answers=arrays["answers"], is_right=arrays["is_right"])


def _fingerprint(path: Path) -> str:
    """Changes with the file, the agent's own code and this plan."""
    digest = hashlib.sha256(path.read_bytes() + repr((FOLDS, SIZES, _SEED)).encode())
    for folder in teachback_server.agents.local.__path__:
        for source in sorted(Path(folder).glob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _predict(rows: list[HistoryRow]) -> Predictions:
    boundary = infer_boundary([row.input for row in rows], [row.output for row in rows])
    draws = np.random.default_rng(_SEED)
    folds = draws.permutation(len(rows)) % FOLDS
    shape = (len(SIZES), len(rows))
    confidences, is_right = np.zeros(shape), np.zeros(shape, dtype=bool)
    answers, names = np.zeros(shape, dtype=np.int64), dict[str, int]()
    for fold in range(FOLDS):
        others, own = draws.permutation(np.flatnonzero(folds != fold)), np.flatnonzero(folds == fold)
        for at, size in enumerate(SIZES):
            examples = [_example(rows[index], int(index)) for index in others[:size]]
            bundle = ReleaseBundle(
                document=ReleaseDocument(
                    workflow="bench", example_hashes=tuple(sorted(e.content_hash for e in examples))
                ),
                input_schema=boundary.input_schema,
                output_schema=boundary.output_schema,
                examples=examples,
            )
            for index, (output, confidence) in zip(own, _run(bundle, [rows[index] for index in own]), strict=True):
                confidences[at, index] = confidence
                answers[at, index] = names.setdefault(canonical_json(output), len(names))
                is_right[at, index] = output is not None and is_same_output(output, rows[index].output)
    return Predictions(confidences=confidences, answers=answers, is_right=is_right)


def _example(row: HistoryRow, index: int) -> Example:
    name = content_hash([index, row.input, row.output])
    return Example(content_hash=name, input=row.input, output=row.output)


def _run(bundle: ReleaseBundle, rows: list[HistoryRow]) -> Iterator[tuple[JsonObject | None, float]]:
    with tempfile.TemporaryDirectory() as folder:
        agent = open_agent(bundle, Path(folder))
        for result in agent.run_jobs([JobInput(input=row.input) for row in rows]):
            output: Json = result.output
            yield (output if isinstance(output, dict) else None), result.confidence or 0.0
