"""The one folder in which an installation keeps everything: its databases, fitted models, uploads and its secret."""

import os
import secrets
import tempfile
from pathlib import Path


def open_home(home: Path) -> None:
    """Make the folder, for its user alone, with its secret, if they are not there yet."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    read_or_make_secret_key(home)


def read_or_make_secret_key(home: Path) -> str:
    """Return the installation's secret, made at its first start and readable by its user alone.

    Two processes may start at once, so the key appears whole or not at all, and the first one stays.
    """
    path = home / "secret_key"
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=home)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        _put_in_place(Path(draft), path)
    return path.read_text().strip()


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
