"""Intake of traces: requests are kept first and digested after, each as often as one likes with the same result."""
