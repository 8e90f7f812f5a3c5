"""The product as the server's child process loads it: it ends with the server that started it, however that ended."""

from teachback_server.commands.lifeline import end_when_orphaned

end_when_orphaned()  # first of all: the server may be killed while the product is still being loaded

from teachback_server.project.wsgi import application  # noqa: E402

__all__ = ["application"]
