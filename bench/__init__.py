"""Benchmarks against floors and peers, measured in the same run: read the ratios."""
