"""What the agent learns as one piece: the contract that a choice and a group of spans both keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scipy import sparse

from teachback_server.agents.local.fields import FieldPlan
from teachback_server.agents.local.inputs import FlatInput


@dataclass(frozen=True, kw_only=True)
class PartAnswer:
    """The spelled value of every field of one part of a job's output, and the evidence for all of them together."""

    spelled: Mapping[str, str]  # by field name
    evidence: tuple[float, ...]  # as many figures for every job of the same part


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some jobs in the forms that parts read."""

    inputs: Sequence[FlatInput]
    terms: sparse.csr_matrix  # one row per job; no columns where no part is a choice


class FittedPart(Protocol):
    """A part that has learned. One job's answer does not depend on the other jobs of the batch."""

    def answer(self, batch: Batch) -> list[PartAnswer]:
        """Answer every job."""
        ...


class PartLearner(Protocol):
    """A part with its examples at hand, so that it can be fitted on some of them and tried on the others."""

    @property
    def fields(self) -> tuple[FieldPlan, ...]:
        """The fields of this part."""
        ...

    def fit(self, rows: Sequence[int]) -> FittedPart:
        """Learn from these examples."""
        ...

    def try_on(self, fitted: FittedPart, rows: Sequence[int]) -> list[PartAnswer]:
        """Answer these examples as if they were jobs."""
        ...
