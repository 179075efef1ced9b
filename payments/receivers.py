"""Kinds of words of this app, loaded by `ops.apps`."""

from payments import words

__all__ = ["words"]
