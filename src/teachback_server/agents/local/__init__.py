"""The `local` agent: learns choices and spans from reviewed examples, on this machine, without a language model."""
