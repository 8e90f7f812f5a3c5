"""The functions of `import teachback` that concern the whole process."""

from datetime import datetime
from typing import Any

from teachback.client import CLIENT
from teachback.faults import log, note_fault
from teachback.recorded_tools import find_replay
from teachback.wire.delivery import Delivery
from teachback.workflows import Workflow


def configure(**settings: Any) -> None:
    """Say where records go: `configure(url="https://…", key="…")`. What is left out comes from the environment.

    Settings: `url` (TEACHBACK_URL) and `key` (TEACHBACK_KEY, with the scope `jobs`), without which nothing is sent;
    `home` (TEACHBACK_SDK_HOME), the folder for releases and unsent records, or None to keep nothing on disk; `redact`,
    a function of an attribute's name and value that gives the value to send instead, or None to leave it out; and
    limits with usable defaults, see `teachback.configuration.Settings`. Raises TypeError for an unknown name or a value
    of the wrong type.
    """
    CLIENT.configure(settings)


def workflow(name: str, *, key: str = "") -> Workflow:
    """The workflow of this name, with a key of its own where a process serves several workflows."""
    return CLIENT.make_workflow(name, key)


def outcome(
    workflow: str,
    id: str,
    *,
    used: bool,
    worth_usd: float | None = None,
    note: str = "",
    at: datetime | None = None,
) -> None:
    """Say later whether the next step could use a job's output, by your own id of the job; the newest word counts.

    Never waits. While the server is away, or has not read the job yet, it is kept and tried again. In a replay it does
    nothing.
    """
    if find_replay() is not None:
        return
    try:
        content: dict[str, bool | float | str] = {"used": used}
        if worth_usd is not None:
            content["worth_usd"] = float(worth_usd)
        if note:
            content["note"] = note
        if at is not None:
            content["at"] = at.isoformat()
        CLIENT.say_outcome(workflow, str(id), content)
    # The outermost edge towards the host: a fault of ours must cost it nothing but the outcome.
    except Exception:  # noqa: BLE001
        note_fault("take an outcome")


def flush(*, timeout_seconds: float = 10.0) -> bool:
    """Wait until the server has everything that was recorded; False where it has not within the time."""
    return CLIENT.flush(timeout_seconds)


def delivery() -> Delivery:
    """What became of the records of this process, in figures."""
    return CLIENT.count()


def instrument(provider: Any) -> None:
    """Let spans of an OpenTelemetry TracerProvider that begin within a job appear in the job's trace, too.

    Call it with the provider that your instrumentations use; once is enough. It gets one more span processor;
    its own exporters, traces and context stay as they are. Spans outside of jobs are left alone.
    """
    if not hasattr(provider, "add_span_processor"):  # the stand-in that is there while an application has set up none
        log.warning("Teachback copies no spans of %s: it is no TracerProvider of OpenTelemetry's SDK.", type(provider))
        return
    # Not at the top: OpenTelemetry's own SDK takes 0.1 s of CPU to import, and whoever has a provider has it already.
    from teachback.instrumentation import instrument_provider  # noqa: PLC0415

    instrument_provider(provider)
