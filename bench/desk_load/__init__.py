"""Parts of the benchmarks of the desk."""
