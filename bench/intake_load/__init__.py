"""What the benchmarks of intake share: sample traces, the sending of them, and the watching of a server."""
