"""Kinds of pushes of this app, loaded by `ops.apps`."""

from rides.contact import announce

__all__ = ["announce"]
