"""Benchmarks: each prints its table and its ratio to a floor or a peer measured in the same run."""
