"""The settings of the SDK: given in code, else by the environment, else off."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeAlias

Attribute: TypeAlias = str | bool | int | float | Sequence[str]
Redact: TypeAlias = Callable[[str, Attribute], object]

_MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where records go, what may leave the process, and how much memory and disk may be taken."""

    url: str = ""  # of the Teachback server; empty: nothing is sent
    key: str = field(default="", repr=False)  # with the scope `jobs`; a workflow may bring one of its own
    home: Path | None = None  # for releases and unsent records; None: nothing is kept on disk
    redact: Redact | None = None  # sees every attribute before it leaves the process or touches the disk
    timeout_seconds: float = 5.0  # of one call, from its start to its last byte
    batch_seconds: float = 1.0  # how long a record waits for company
    first_rest_seconds: float = 1.0  # after the first failed call; then twice as long each time, up to a minute
    release_seconds: float = 30.0  # between two looks for a newer release
    exit_seconds: float = 1.0  # how long a process that ends may go on sending
    most_queued_bytes: int = 32 * _MEGABYTE
    most_spooled_bytes: int = 200 * _MEGABYTE
    most_value_characters: int = 256_000  # of one recorded value; the rest is cut off and marked

    @property
    def base_url(self) -> str:
        """The address without a slash at its end."""
        return self.url.rstrip("/")


def default_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """What counts where the code says nothing: TEACHBACK_URL, TEACHBACK_KEY, TEACHBACK_SDK_HOME."""
    home = environment.get("TEACHBACK_SDK_HOME", "")
    return Settings(
        url=environment.get("TEACHBACK_URL", ""),
        key=environment.get("TEACHBACK_KEY", ""),
        home=Path(home) if home else _find_home(environment),
    )


def change_settings(settings: Settings, changes: Mapping[str, object]) -> Settings:
    """The settings with some of them given anew. Raises TypeError for a name or a value that is none."""
    known = {one.name for one in fields(Settings)}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise TypeError(f"configure() knows no setting {', '.join(unknown)}. It knows {', '.join(sorted(known))}.")
    values = {name: getattr(settings, name) for name in known} | dict(changes)
    values |= {name: values[name] or "" for name in ("url", "key")}  # None, as of a variable that is not set, is none
    if values["home"] is not None:
        values["home"] = Path(values["home"]).expanduser()
    _refuse_misfits(values)
    return Settings(**values)


def _refuse_misfits(values: Mapping[str, object]) -> None:
    """Now, where the program can be told, and not in a thread for every record."""
    for name, value in values.items():
        if name in ("url", "key") and not isinstance(value, str):
            raise TypeError(f"configure() takes a text for {name}, not {value!r}; an empty one turns sending off.")
        if name == "redact" and value is not None and not callable(value):
            raise TypeError(f"configure() takes a function for redact, not {value!r}.")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if name.endswith(("_seconds", "_bytes", "_characters")) and not (is_number and value >= 0):  # type: ignore[operator]
            raise TypeError(f"configure() takes a number for {name}, not {value!r}.")


def _find_home(environment: Mapping[str, str]) -> Path | None:
    state = environment.get("XDG_STATE_HOME", "")
    if state:
        return Path(state) / "teachback-sdk"
    try:
        return Path.home() / ".local" / "state" / "teachback-sdk"
    except RuntimeError:  # a container whose user has no home
        return None
