"""What could not be sent, on disk: a file for each parcel, bounded, read in order by whichever process sends next."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from teachback.faults import log
from teachback.wire.file_lock import try_lock
from teachback.wire.parcels import Parcel, ParcelUnreadable, read_parcel, spell_parcel

_ENDING = ".parcel"
_UNFINISHED = ".part"
_ABANDONED_SECONDS = 3600
_FREED_SHARE = 0.1  # so that a full spool is not measured anew for every parcel


class Spool:
    """A folder of parcels. Reading never raises; where the disk refuses, what writes raises OSError."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._arrived: set[str] = set()  # parcels that the disk would not let go of; they must not be sent again
        self._bytes = most_bytes + 1  # not measured yet; other processes write here too, so it is only a guess

    def keep(self, parcel: Parcel) -> list[Parcel]:
        """Write a parcel, whole or not at all. Returns the oldest ones, which had to go to make room."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = spell_parcel(parcel)
        unfinished = self._folder / f"{parcel.name}{_UNFINISHED}"
        try:
            unfinished.write_bytes(content)
            unfinished.replace(self._path_of(parcel.name))
        except OSError:
            with contextlib.suppress(OSError):  # a full disk must not be filled by halves
                unfinished.unlink(missing_ok=True)
            raise
        self._bytes += len(content)
        return self._make_room() if self._bytes > self._most_bytes else []

    def list_names(self) -> list[str]:
        """The names of all parcels, the oldest first."""
        try:
            names = [path.name.removesuffix(_ENDING) for path in self._folder.iterdir() if path.suffix == _ENDING]
        except OSError:  # nothing was kept yet, or the disk does not let us look
            return []
        return sorted(name for name in names if name not in self._arrived)

    def find(self, name: str) -> Parcel | None:
        """Read one parcel; None where another process took it, or where it is damaged: then nobody can send it."""
        try:
            return read_parcel(name, self._path_of(name).read_bytes())
        except (IsADirectoryError, ParcelUnreadable) as problem:
            log.warning("Teachback leaves out a batch on disk that is damaged: %s", problem)
            self.remove(name)
            return None
        except OSError:  # another process sent it, or the disk or the process is short of something: later, perhaps
            return None

    def remove(self, name: str) -> None:
        """Forget a parcel that has arrived, or that nobody can send."""
        try:
            self._path_of(name).unlink(missing_ok=True)
        except OSError:  # a disk that has become read-only, or a folder of this name
            self._arrived.add(name)

    @contextlib.contextmanager
    def draining(self) -> Iterator[bool]:
        """Be the one process that sends from here while the block runs; yields False where another one is."""
        with try_lock(self._folder / "lock") as is_mine:
            yield is_mine

    def _make_room(self) -> list[Parcel]:
        """Measure the folder and drop the oldest parcels until a tenth of the room is free."""
        self._sweep()
        sizes = {name: self._size_of(name) for name in self.list_names()}
        gone: list[Parcel] = []
        self._bytes = sum(sizes.values())
        if self._bytes <= self._most_bytes:
            return []
        for name, size in list(sizes.items())[:-1]:
            if self._bytes <= self._most_bytes * (1 - _FREED_SHARE):
                break
            oldest = self.find(name)
            self.remove(name)
            self._bytes -= size
            gone += [oldest] if oldest else []
        return gone

    def _size_of(self, name: str) -> int:
        try:
            return self._path_of(name).stat().st_size
        except FileNotFoundError:  # sent by another process meanwhile
            return 0

    def _sweep(self) -> None:
        """Take away what a process that was killed had only begun to write."""
        for path in self._folder.glob(f"*{_UNFINISHED}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                    path.unlink()

    def _path_of(self, name: str) -> Path:
        return self._folder / f"{name}{_ENDING}"
