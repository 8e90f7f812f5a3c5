"""Runs an agent again on a recorded job under other instructions; its tools answer from the recording."""

import teachback
from teachback.release_document import ReleaseDocument
from teachback.testing import RecordedJob, RecordedTool, make_release, replay

desk = teachback.workflow("support-desk")


@teachback.tool("find order")
def find_order(number: str) -> dict[str, str]:
    """Never called here: the recording answers."""
    raise RuntimeError("The shop is closed.")


@teachback.tool("send mail", has_side_effects=True)
def send_mail(to: str) -> None:
    """Never called here either: a replay stops before it."""
    raise RuntimeError("No mail today.")


def triage(ticket: dict[str, str]) -> dict[str, str]:
    """Polite agents write a mail; a replay cannot."""
    order = find_order(ticket["order"])
    if "write a mail" in desk.release.instructions:
        send_mail(ticket["from"])
    return {"queue": "returns" if order["state"] == "lost" else "delivery"}


recorded = RecordedJob(
    id="t-1",
    input={"order": "A2", "from": "ann@example.org"},
    tools=[RecordedTool(name="find order", arguments={"number": "A2"}, result={"state": "lost"})],
)
for instructions in ("Name the queue.", "Name the queue and write a mail."):
    release = make_release(ReleaseDocument(workflow="support-desk", instructions=instructions))
    (replayed,) = replay(triage, [recorded], release=release)
    print(f"{replayed.status}: {replayed.result.output if replayed.result else replayed.why}")
