"""OTLP as it comes over the wire: bodies, their two forms, what is refused in them, and spans. Pure."""
