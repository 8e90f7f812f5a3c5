"""How an agent says that it cannot finish a job."""

from typing import NoReturn

from teachback.current import find_current_job
from teachback.plain_json import spell_strange


class HandedBack(Exception):
    """The agent cannot finish this job; `reason` says why. A person does it instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = spell_strange(reason)  # a program may well give the exception that it caught


def hand_back(reason: str) -> NoReturn:
    """End the current job without an output, because of something that a person has to see to.

    Raises HandedBack, which `Workflow.run` and the block of `Workflow.start` turn into a result, and which goes on to
    the caller of a function under `@workflow.job`. The job stays handed back even where the program swallows it.
    """
    handed_back = HandedBack(reason or "No reason was given.")
    job = find_current_job()
    if job is not None:
        job.note_hand_back(handed_back.reason)
    raise handed_back
