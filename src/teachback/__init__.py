"""Teachback for the program that does the work: where a decision about a job is computed, with or without the server."""

__version__ = "0.1.0"
