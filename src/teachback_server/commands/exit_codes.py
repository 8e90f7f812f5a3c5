"""What the exit code of every command means."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The four ends of a command; `gate` has its own."""

    FINE = 0
    FAILED = 1  # it failed, or it went through and refused some rows
    USAGE = 2
    UNEXPECTED = 3
