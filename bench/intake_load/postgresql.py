"""A PostgreSQL of its own for a benchmark: in a temporary folder, on loopback, gone afterwards."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from intake_load.readable import ReadRows, Row
from intake_load.servers import find_free_port

_OWNER = "postgres"  # PostgreSQL refuses to run as root
_INSTALLED = Path("/usr/lib/postgresql")


@contextmanager
def run_postgresql(folder: Path) -> Iterator[str]:
    """Run a server in the folder and give the address of an empty database in it."""
    port, place = find_free_port(), folder / "postgresql"
    place.mkdir()
    if os.geteuid() == 0:
        folder.chmod(0o755)
        shutil.chown(place, _OWNER)
    _run("initdb", "-D", place, "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C")
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={place}"
    _run("pg_ctl", "-D", place, "-w", "-l", place / "log", "-o", settings, "start")
    try:
        yield f"postgres://{_OWNER}@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", place, "-m", "immediate", "stop")


def read_postgresql(url: str) -> ReadRows:
    """Queries on a PostgreSQL database; no rows as long as the table is not there."""

    def read(sql: str) -> Sequence[Row]:
        with psycopg.connect(url, autocommit=True) as connection:
            try:
                return connection.execute(sql.encode()).fetchall()
            except psycopg.errors.UndefinedTable:
                return []

    return read


def _run(program: str, *arguments: str | Path) -> None:
    as_owner = ("runuser", "-u", _OWNER, "--") if os.geteuid() == 0 else ()
    command = (*as_owner, str(_find_program(program)), *map(str, arguments))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def _find_program(name: str) -> Path:
    """Debian keeps the programs of each version in a folder that is not in PATH."""
    if found := shutil.which(name):
        return Path(found)
    found_here = sorted(_INSTALLED.glob(f"*/bin/{name}"))
    if not found_here:
        raise FileNotFoundError(f"PostgreSQL's program {name} is not here. Install the package postgresql.")
    return found_here[-1]
