"""Counts of jobs in words, as pages and charts say them. Pure."""

HARD_SPACE = "\u00a0"


def spell_count(number: int) -> str:
    """A whole number with its thousands apart: "1 240"."""
    return f"{number:,}".replace(",", HARD_SPACE)


def spell_jobs(number: int) -> str:
    """So many jobs: "1 job", "1 240 jobs"."""
    return f"{spell_count(number)} job{'' if number == 1 else 's'}"


def spell_numbers(first: int, last: int) -> str:
    """Which jobs: "job 7", "jobs 1 to 1 240"."""
    if last < first:
        return "no jobs yet"
    return f"job {spell_count(first)}" if first == last else f"jobs {spell_count(first)} to {spell_count(last)}"
