"""Runs ready-made agents inside a web process: opened at the first job that asks, one job at a time."""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from teachback_server.agents.pipeline import run_release
from teachback_server.agents.protocol import AgentResult, JobInput
from teachback_server.releases.models import Release

if TYPE_CHECKING:
    from teachback_server.agents.open_releases import OpenReleases

_OPEN_RELEASES = "teachback_server.agents.open_releases.OpenReleases"


class AgentNotReady(RuntimeError):
    """The agent that the live release names cannot be opened here. The message says what to change in the release."""


class RunningAgents:
    """The open agents of one process. Threads take turns: an agent is fitted once, and none is made for two."""

    def __init__(self) -> None:
        self._turn = Lock()

    def run(self, release: Release, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Do jobs under a release; opens its agent first if need be. Call it outside of any transaction.

        Raises AgentNotReady.
        """
        with self._turn:
            try:
                opened = self._releases.open(release)
            except ValueError as problem:  # every agent refuses a release that it cannot serve with one of these
                raise AgentNotReady(f"The agent of {release} cannot start: {problem}") from problem
            return run_release(opened.agent, opened.bundle, jobs)

    @cached_property
    def _releases(self) -> "OpenReleases":
        # By name, as agents bring scikit-learn: a web process that gets no jobs starts without it and stays small.
        opened: OpenReleases = import_string(_OPEN_RELEASES)(settings.MODELS_FOLDER)
        return opened
