"""Says in plain words what is wrong with the body of an API call, field by field, and what to do. Pure."""

from collections.abc import Mapping, Sequence

_SENTENCES = {
    "missing": "is missing; send it",
    "extra_forbidden": "is not a field of this call; leave it out, or correct its name",
    "timezone_aware": "has no time zone; write it like 2026-03-02T09:30:00Z",
    "json_invalid": "is not valid JSON; correct it",
}
_OF_OUR_OWN = "Value error, "
_MOST_SHOWN = 10


def describe_problems(problems: Sequence[Mapping[str, object]]) -> str:
    """One sentence for each thing that Pydantic found, the field first; the ones after the tenth are only counted."""
    sentences = [_describe(problem) for problem in problems[:_MOST_SHOWN]]
    more = len(problems) - _MOST_SHOWN
    return " ".join([*sentences, f"And {more} more."] if more > 0 else sentences)


def _describe(problem: Mapping[str, object]) -> str:
    place = problem.get("loc")
    # It begins with where in the request (body, query, path) and the name of our own argument.
    path = [str(part) for part in place][2:] if isinstance(place, list | tuple) else []
    kind, message = str(problem.get("type", "")), str(problem.get("msg", ""))
    if kind in _SENTENCES:
        said = _SENTENCES[kind]
    elif message.startswith(_OF_OUR_OWN):
        said = f"cannot be used: {message.removeprefix(_OF_OUR_OWN)}"
    else:
        said = f"cannot be used: {message[:1].lower()}{message[1:]}; correct it"
    return f"{'.'.join(path) or 'The body'} {said.rstrip('.')}."
