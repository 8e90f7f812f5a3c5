"""What each convention calls things: one table per file."""
