"""Reads the captured requests of real instrumentations and counts what is understood of them."""
