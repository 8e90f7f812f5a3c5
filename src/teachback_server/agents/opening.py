"""Chooses the agent that a release names."""

import importlib
from pathlib import Path

from teachback_server.agents.fitted_state import FittedStateCache
from teachback_server.agents.protocol import Agent, ReleaseBundle
from teachback_server.agents.python_callable import CallableAgent, find_callable
from teachback_server.agents.recorded import RecordedAgent


class UnknownAgent(ValueError):
    """A release names an agent that does not exist."""


def open_agent(bundle: ReleaseBundle, cache_folder: Path) -> Agent:
    """Make the agent of a release ready for jobs.

    Raises UnknownAgent or CallableNotFound with what to write instead.
    """
    name = bundle.document.agent
    if name == "local":
        return _open_local_agent(bundle, cache_folder)
    if name == "recorded":
        return RecordedAgent()
    kind, _, address = name.partition(":")
    if kind == "python":
        return CallableAgent(find_callable(address))
    raise UnknownAgent(f"There is no agent “{name}”. Write local, recorded or python:MODULE:FUNCTION.")


def _open_local_agent(bundle: ReleaseBundle, cache_folder: Path) -> Agent:
    # Only who runs jobs with it pays for scikit-learn; pages and API import this module too, and stay small.
    module = importlib.import_module("teachback_server.agents.local.agent")
    agent: Agent = module.open_local_agent(bundle, FittedStateCache(cache_folder))
    return agent


def can_learn(agent_name: str) -> bool:
    """Whether an agent becomes different when its release lists other examples."""
    return agent_name == "local"
