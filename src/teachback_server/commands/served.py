"""The product as the server's child process loads it: it ends with the server that started it, however that ended."""

from teachback_server.commands.lifeline import end_when_orphaned
from teachback_server.project.wsgi import application

__all__ = ["application"]

end_when_orphaned()
