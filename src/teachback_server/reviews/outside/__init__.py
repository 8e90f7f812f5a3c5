"""Feedback beyond the desk: messages that go out, and links by which people without an account come in."""
