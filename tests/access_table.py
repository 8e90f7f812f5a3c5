"""Collects how every route answered everyone, as a table to read or to keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WORDS: Mapping[int, str] = {401: "sign in", 403: "no", 404: "not found", 405: "no"}


@dataclass(kw_only=True)
class AccessTable:
    """One row for each route, one column for each kind of person."""

    columns: Sequence[str]
    answers: dict[tuple[str, str, str], dict[str, int]] = field(default_factory=dict)

    def note(self, pattern: str, method: str, rule: str, person: str, status: int) -> None:
        """Keep how a route answered somebody."""
        self.answers.setdefault((pattern, method, rule), {})[person] = status

    def as_markdown(self) -> str:
        """The table; a number is the status of a page that opened."""
        heads = ["Route", "Method", "Rule", *self.columns]
        lines = [_line(heads), _line(["---"] * len(heads))]
        for (pattern, method, rule), answers in sorted(self.answers.items()):
            cells = [_word(answers[person]) if person in answers else "" for person in self.columns]
            lines.append(_line([f"`/{pattern}`", method, rule, *cells]))
        return "\n".join(lines) + "\n"


def _word(status: int) -> str:
    return WORDS.get(status, str(status))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
