"""Django's PostgreSQL, as tolerant as SQLite: JSON stays as it came, texts and counts have no short limits."""
