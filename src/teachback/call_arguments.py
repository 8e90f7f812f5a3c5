"""Names the arguments of a call as its function does, so that they can be recorded and compared."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_OWN = ("self", "cls")


@dataclass(frozen=True, kw_only=True)
class ArgumentNames:
    """The names that a function gives to what is passed by position."""

    names: Sequence[str]
    has_owner: bool  # the first argument is the object whose method it is

    def name_arguments(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """All arguments of one call by name; those beyond the named ones are listed under `args`."""
        given = args[1:] if self.has_owner else args
        named: dict[str, object] = dict(zip(self.names, given, strict=False))
        if len(given) > len(self.names):
            named["args"] = list(given[len(self.names) :])
        named.update(kwargs)
        return named

    def read_input(self, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """What a job takes in: its one argument where that is an object, else all arguments by name."""
        given = args[1:] if self.has_owner else args
        if len(given) == 1 and not kwargs and isinstance(given[0], Mapping):
            return given[0]
        return self.name_arguments(args, kwargs)


def read_argument_names(function: Callable[..., object]) -> ArgumentNames:
    """Read the names once, when a function is decorated; a function that hides them has none."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ArgumentNames(names=(), has_owner=False)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    has_owner = bool(names) and names[0] in _OWN
    return ArgumentNames(names=tuple(names[1:] if has_owner else names), has_owner=has_owner)
