"""Keeps the agents of the last few releases open, so that none is fitted or loaded again for every job."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from teachback.json_types import JsonObject, content_hash
from teachback_server.agents.bundles import get_bundle
from teachback_server.agents.opening import open_agent
from teachback_server.agents.protocol import Agent, ReleaseBundle
from teachback_server.releases.models import Release

KEEP_OPEN = 6


@dataclass(frozen=True, kw_only=True)
class OpenRelease:
    """A release with its agent, ready to work."""

    bundle: ReleaseBundle
    agent: Agent


class OpenReleases:
    """A small store of open agents, the least recently used one leaving first."""

    def __init__(self, cache_folder: Path) -> None:
        self._cache_folder = cache_folder
        self._open: OrderedDict[str, OpenRelease] = OrderedDict()

    def open(self, release: Release) -> OpenRelease:
        """The agent of a stored release, opened now or still open."""
        workflow = release.workflow
        name = _name(release.content_hash, workflow.input_schema, workflow.output_schema)
        opened = self._open.get(name)
        if opened is None:
            return self.open_bundle(get_bundle(release))
        self._open.move_to_end(name)
        return opened

    def open_bundle(self, bundle: ReleaseBundle) -> OpenRelease:
        """The agent of a bundle that may not be stored yet, such as a candidate before its gate."""
        name = _name(bundle.document.content_hash, bundle.input_schema, bundle.output_schema)
        if name not in self._open:
            self._open[name] = OpenRelease(bundle=bundle, agent=open_agent(bundle, self._cache_folder))
        self._open.move_to_end(name)
        while len(self._open) > KEEP_OPEN:
            self._open.popitem(last=False)
        return self._open[name]


def _name(release_hash: str, input_schema: JsonObject, output_schema: JsonObject) -> str:
    """A release under another boundary is another agent."""
    return content_hash({"release": release_hash, "input": input_schema, "output": output_schema})
