"""Whether a port is free, asked before anything is started."""

import socket

import click


def refuse_taken_port(host: str, port: int) -> None:
    """Raise a plain message where another program listens already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as problem:
            raise click.ClickException(
                f"Port {port} needs more rights than you have. Choose one above 1023: --port 8300"
            ) from problem
        except OSError as problem:
            raise click.ClickException(
                f"Port {port} on {host} is taken, maybe by a Teachback that runs already. "
                f"Stop that one, or choose another port: --port {port + 1}"
            ) from problem
