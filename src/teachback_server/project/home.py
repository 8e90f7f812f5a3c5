"""The one folder in which an installation keeps everything: its databases, fitted models, uploads and its secret."""

import os
import secrets
from pathlib import Path


def read_or_make_secret_key(home: Path) -> str:
    """Return the installation's secret, made at its first start and readable by its user alone."""
    path = home / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()
