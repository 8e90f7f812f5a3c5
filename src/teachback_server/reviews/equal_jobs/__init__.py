"""Waiting jobs that equal one that was just accepted: found, shown, and accepted together."""
