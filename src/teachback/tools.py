"""Records the tools of an agent with their arguments and results, and lets them answer from a recording in a replay."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from teachback.call_arguments import ArgumentNames, read_argument_names
from teachback.current import Place, find_place
from teachback.json_types import Json
from teachback.recorded_tools import find_replay, refuse_lost_call
from teachback.steps import Step
from teachback.vocabulary import StepKind

P = ParamSpec("P")
R = TypeVar("R")
_STILL_TO_COME = ("__next__", "__anext__", "__await__")


class _ToolStep(Step):
    """A step that is the use of a tool."""

    __slots__ = ("has_side_effects",)

    input_attribute = "teachback.tool.arguments"
    output_attribute = "teachback.tool.result"

    def __init__(self, name: str, arguments: object, has_side_effects: bool) -> None:
        super().__init__(name, StepKind.TOOL, arguments)
        self.has_side_effects = has_side_effects

    def take(self, result: object) -> None:
        """Record what the tool gave; what is still to be read or awaited has no result yet that could be recorded."""
        if not any(hasattr(type(result), name) for name in _STILL_TO_COME):
            self.output = result

    def _spell_input(self, place: Place) -> None:
        place.span.attributes["teachback.tool.name"] = self.name
        place.span.attributes["teachback.tool.has_side_effects"] = self.has_side_effects
        super()._spell_input(place)


class _Tool:
    """What is known of one decorated function."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        has_side_effects: bool,
        read_result: Callable[[Json], object] | None,
    ) -> None:
        self.function = function
        self.name = name
        self.has_side_effects = has_side_effects
        self._read_result = read_result
        self._names: ArgumentNames = read_argument_names(function)

    def is_replayed(self) -> bool:
        """Whether a recording answers a call made here. Raises Diverged for one that its replay has lost sight of."""
        if find_replay() is not None:
            return True
        if find_place() is None:
            refuse_lost_call(self.name)
        return False

    def name_arguments(self, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
        """The arguments of one call by name."""
        return self._names.name_arguments(args, kwargs)

    def open_step(self, args: tuple[object, ...], kwargs: dict[str, object]) -> _ToolStep:
        """The step that one call is."""
        return _ToolStep(self.name, self.name_arguments(args, kwargs), self.has_side_effects)

    def answer_from_recording(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """What the recording says. Raises Diverged and RecordedToolError."""
        replay = find_replay()
        if replay is None:
            raise LookupError("There is no replay.")
        arguments = self.name_arguments(args, kwargs)
        result = replay.answer(self.name, arguments, has_side_effects=self.has_side_effects)
        return self._read_result(result) if self._read_result else result


@overload
def tool(name: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def tool(
    name: str = ..., /, *, has_side_effects: bool = ..., read_result: Callable[[Json], object] | None = ...
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def tool(
    name: str | Callable[..., Any] = "",
    /,
    *,
    has_side_effects: bool = False,
    read_result: Callable[[Json], object] | None = None,
) -> Any:
    """Record every call of a function as a tool: `@teachback.tool` or `@teachback.tool("find order", …)`.

    The function may be async. One that yields is recorded without what it yields, and a replay stops at it.

    Say `has_side_effects=True` where it changes something in the world: a replay stops
    before it. In a replay the result is what was recorded, as plain JSON; `read_result` makes of that what the function
    itself returns, where that is something else.
    """
    if callable(name):
        return _wrap(_Tool(name, name.__name__, False, None))
    return lambda function: _wrap(_Tool(function, name or function.__name__, has_side_effects, read_result))


def _wrap(tool: _Tool) -> Callable[..., Any]:
    function = tool.function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            if tool.is_replayed():
                return tool.answer_from_recording(args, kwargs)
            with tool.open_step(args, kwargs) as step:
                result = await function(*args, **kwargs)
                step.take(result)
            return result

        return call_async

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if tool.is_replayed():
            return tool.answer_from_recording(args, kwargs)
        with tool.open_step(args, kwargs) as step:
            result = function(*args, **kwargs)
            step.take(result)
        return result

    return call
