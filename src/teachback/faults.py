"""Where the SDK puts its own faults: into the log `teachback`, never into the program that it serves."""

import logging

log = logging.getLogger("teachback")
log.addHandler(logging.NullHandler())  # an application that set up no logging must not see ours on its terminal


def note_fault(what: str) -> None:
    """Log the exception that is being handled. Called only where the SDK meets its host."""
    log.warning("Teachback could not %s; your program goes on without it.", what, exc_info=True)
