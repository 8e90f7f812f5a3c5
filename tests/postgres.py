"""Starts a PostgreSQL of our own on loopback in a temporary folder, and says plainly where there is none to start."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from absent import skip_or_fail

ANY_VERSION = "/usr/lib/postgresql"
OWNER = "postgres"  # the server refuses to run as root


def find_programs() -> Path:
    """The folder of initdb and pg_ctl. Skips the test where there is none; in CI there must be one."""
    found = [Path(ANY_VERSION) / version / "bin" for version in _versions()]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return skip_or_fail(
        "postgresql", "There is no PostgreSQL on this machine: install the package postgresql to run this test."
    )


@contextmanager
def start_postgres() -> Iterator[str]:
    """Give the address of an empty database `teachback`; the server ends, and its folder goes, with the block."""
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="teachback-postgres-"))
    cluster, port = folder / "data", _free_port()
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER, OWNER)
        _run(programs, "initdb", "-D", str(cluster), "-U", OWNER, "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _run(programs, "pg_ctl", "-D", str(cluster), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            _ask(programs, port, "template1", "CREATE SCHEMA traces")  # which every new database then has
            _ask(programs, port, "postgres", "CREATE DATABASE teachback")
            yield f"postgres://{OWNER}@127.0.0.1:{port}/teachback"
        finally:
            _run(programs, "pg_ctl", "-D", str(cluster), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_database(url: str, name: str) -> str:
    """Make one more empty database on the server of an address; its own address."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    return f"{url.rpartition('/')[0]}/{name}"


def _versions() -> list[str]:
    folder = Path(ANY_VERSION)
    return sorted((one.name for one in folder.iterdir()), key=float, reverse=True) if folder.is_dir() else []


def _run(programs: Path, name: str, *arguments: str) -> None:
    as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_owner, str(programs / name), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # a pipe would stay open for as long as the server runs
        stderr=subprocess.DEVNULL,
        cwd="/",
        timeout=60,
    )
    assert done.returncode == 0, f"{name} ended with {done.returncode}"


def _ask(programs: Path, port: int, database: str, wanted: str) -> None:
    _run(programs, "psql", "-h", "127.0.0.1", "-p", str(port), "-U", OWNER, "-d", database, "-q", "-c", wanted)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
