"""Takes the work out of the envelopes in which frameworks send it: `{"inputs": …, "tags": …}`, `{"args": …}`."""

from collections.abc import Mapping

from teachback.json_types import Json
from teachback_server.jobs.meaning.loose_json import is_empty
from teachback_server.jobs.meaning.messages import is_nothing_but_message

# What LangChain and decorators write beside the work itself.
_ON_THE_ENVELOPE = frozenset(
    {
        "tags",
        "metadata",
        "kwargs",
        "name",
        "run_id",
        "run_type",
        "parent_run_id",
        "input_str",
        "serialized",
        "extra",
        "mime_type",
        "color",
        "inputs",
        "outputs",
        "output",
    }
)


# Where the message stands in what Google's agents are given and give back, among ids and settings.
_HOLD_A_MESSAGE = ("new_message", "content")

# What a request to a model says beside its messages.
_SETTINGS_OF_REQUESTS = frozenset(
    {
        "model",
        "system",
        "config",
        "temperature",
        "top_p",
        "top_k",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "stop",
        "stop_reason",
        "stop_sequences",
        "stream",
        "stream_options",
        "seed",
        "tools",
        "tool_choice",
        "tool_config",
        "response_format",
        "generation_config",
        "safety_settings",
        "system_instruction",
        "instructions",
        "cancellation_token",
        "user",
        "n",
        "usage",
        "metadata",
    }
)


def open_envelope(value: Json) -> Json:
    """Give what is in an envelope; a value that is none stays as it is."""
    if not isinstance(value, Mapping):
        return value
    for name in ("inputs", "outputs"):
        inside: Json = value.get(name)
        if is_empty(inside):
            continue
        if isinstance(inside, Mapping) if len(value) == 1 else value.keys() <= _ON_THE_ENVELOPE:
            return inside
    for name in _HOLD_A_MESSAGE:
        inside = value.get(name)
        if isinstance(inside, Mapping) and "parts" in inside and is_nothing_but_message(inside):
            return inside
    if value.keys() >= {"args", "kwargs"}:
        beside = (item for name, item in value.items() if name not in ("args", "kwargs"))
        if all(item is None or isinstance(item, bool) for item in beside):
            return _open_call(value["args"], value["kwargs"])
    return value


def is_request(value: Json) -> bool:
    """Tell whether an object is a request to a model: messages and settings, and nothing else."""
    if not isinstance(value, Mapping):
        return False
    beside = value.keys() - {"messages", "contents"}
    return len(beside) < len(value) and beside <= _SETTINGS_OF_REQUESTS


def _open_call(args: Json, kwargs: Json) -> Json:
    if is_empty(args) and isinstance(kwargs, Mapping):
        return kwargs
    if is_empty(kwargs) and isinstance(args, list) and len(args) == 1:
        only: Json = args[0]
        return only
    return {"args": args, "kwargs": kwargs}
