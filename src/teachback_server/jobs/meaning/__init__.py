"""What the spans of each instrumentation mean: pure tables and readers that know neither web nor database."""
