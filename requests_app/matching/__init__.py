"""Chooses a partner for each request: immediately for a lone one, in batches otherwise."""
