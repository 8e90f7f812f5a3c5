"""Collects how every route answered everyone, as the tables of `docs/permissions.md`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WORDS: Mapping[int, str] = {401: "sign in", 403: "no", 404: "not found", 405: "no"}

_INTRODUCTION = """# Who may do what

How every address answered everyone, as found by a walk over all of them; `make permissions` writes this file.

- **sign in**: sent to sign in. **no**: refused, with the role that it needs. **not found**: there is no such thing,
  or none that this person may know of; a workflow in which somebody has no role looks like one that does not exist.
- A number is the status of what opened. 302 goes on to another page; 400 and 422 ask for more than the empty form of
  the walk.
- `public` pages behind a token open for whoever holds the link, until it is used up or ends.
"""
_OF_PROGRAMS = """
## For programs

Each asks for a key of the workflow with one of the scopes; without one, and to people, it answers 401.
"""


@dataclass(kw_only=True)
class AccessTable:
    """One row for each route, one column for each kind of person."""

    columns: Sequence[str]
    answers: dict[tuple[str, str, str], dict[str, int]] = field(default_factory=dict)

    def note(self, pattern: str, method: str, rule: str, person: str, status: int) -> None:
        """Keep how a route answered somebody."""
        self.answers.setdefault((pattern, method, rule), {})[person] = status

    def list_rows(self) -> list[str]:
        """A row for each route; a number is the status of what opened."""
        return [
            _line([f"`/{pattern}`", method, rule, *(_word(answers[person]) for person in self.columns)])
            for (pattern, method, rule), answers in sorted(self.answers.items())
        ]

    def as_document(self, api_routes: Sequence[tuple[str, str, str]]) -> str:
        """All tables; `api_routes` by their pattern, method and the scopes of keys that open them."""
        heads, api_heads = ["Route", "Method", "Rule", *self.columns], ["Route", "Method", "Opens for"]
        lines = [
            _INTRODUCTION,
            *(_line(heads), _line(["---"] * len(heads)), *self.list_rows()),
            _OF_PROGRAMS,
            *(_line(api_heads), _line(["---"] * len(api_heads)), *list_api_rows(api_routes)),
        ]
        return "\n".join(lines) + "\n"


def list_api_rows(api_routes: Sequence[tuple[str, str, str]]) -> list[str]:
    """A row for each route of the API."""
    return [_line([f"`{pattern}`", method, rule]) for pattern, method, rule in sorted(api_routes)]


def _word(status: int) -> str:
    return WORDS.get(status, str(status))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
