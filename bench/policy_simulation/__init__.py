"""The loop of learning over real work, simulated with predictions that are made once."""
