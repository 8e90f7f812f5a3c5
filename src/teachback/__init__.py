"""Teachback for the program that does the work: decides about a job in the same way with or without the server."""

__version__ = "0.1.0"
