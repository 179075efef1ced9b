"""Advises partners where to wait for the next request."""
