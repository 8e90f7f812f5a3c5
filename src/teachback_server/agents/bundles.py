"""From a stored release to the bundle that an agent opens."""

from teachback_server.agents.protocol import Example, ReleaseBundle
from teachback_server.releases.models import Release
from teachback_server.releases.queries import get_document, list_examples


def get_bundle(release: Release) -> ReleaseBundle:
    """Everything that an agent needs to work under a release: document, boundary, examples sorted by hash."""
    return ReleaseBundle(
        document=get_document(release),
        input_schema=release.workflow.input_schema,
        output_schema=release.workflow.output_schema,
        examples=[
            Example(content_hash=row.content_hash, input=row.input, output=row.output) for row in list_examples(release)
        ],
    )
