"""Where the SDK puts its own faults: into the log `teachback`, never into the program that it serves."""

import logging

_MOST_SAID = 20
log = logging.getLogger("teachback")
log.addHandler(logging.NullHandler())  # an application that set up no logging must not see ours on its terminal


def note_fault(what: str) -> None:
    """Log the exception that is being handled. Called only where the SDK meets its host."""
    log.warning("Teachback could not %s; your program goes on without it.", what, exc_info=True)


class OnceLog:
    """Says a thing once, not with every batch: again only after all was well in between."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def warn(self, what: str) -> None:
        """Log a warning, unless it was logged already."""
        if what not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(what)
            log.warning("%s", what)

    def is_well(self) -> None:
        """What was wrong is over."""
        self._said.clear()
