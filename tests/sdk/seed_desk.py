"""Fills a fresh data folder with a workflow that has earned autonomy, and prints a key for its jobs."""

import django

django.setup()

from builders import make_house  # noqa: E402 — tables need django.setup first
from teachback.release_document import Approval, ReleaseDocument  # noqa: E402
from teachback.vocabulary import Lever  # noqa: E402
from teachback_server.people.actor import SYSTEM  # noqa: E402
from teachback_server.releases.actions import NewExample, keep_examples, make_release, put_live  # noqa: E402
from teachback_server.workflows.access import Scope  # noqa: E402
from teachback_server.workflows.actions import make_key  # noqa: E402

house = make_house()
examples = [
    NewExample(input={"text": f"Where is my parcel {number}?"}, output={"queue": "delivery"}, source_job_id=number)
    for number in range(120)
]
document = ReleaseDocument(
    workflow="support-inbox",
    instructions="Read all of it.",
    example_hashes=tuple(keep_examples(house.workflow, examples)),
    approval=Approval(threshold=0.8, error_limit=0.05, certainty=0.9, early_audit_share=0.001, audit_share=0.001),
)
release = make_release(SYSTEM, house.workflow, document, parent=house.release, lever=Lever.APPROVAL, change="earned")
put_live(SYSTEM, release, from_job=1, why="earned")
print(make_key(house.owner, house.workflow, Scope.JOBS))
