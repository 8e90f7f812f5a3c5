"""What became of records on their way, in figures."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Counts since the process began, for one key. A step is one span; so is a job."""

    sent_spans: int = 0  # the server has them
    waiting_spans: int = 0  # in memory
    spooled_parcels: int = 0  # batches on disk now, those of other processes with this key included
    refused_spans: int = 0  # the server does not want them; sending again would not help
    dropped_spans: int = 0  # the oldest ones, when memory or disk was full
    sent_outcomes: int = 0
    refused_outcomes: int = 0
    dropped_outcomes: int = 0
    last_problem: str = ""  # why something was not delivered at the last try; empty while all is well
