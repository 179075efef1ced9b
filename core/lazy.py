"""Modules that load when they are first used: heavy ones that few processes need."""

from functools import partial
from importlib import import_module
from typing import Any

from django.utils.functional import SimpleLazyObject


def lazy_module(name: str) -> Any:
    """A stand-in for the module `name`, which is imported when an attribute of it is first read."""
    return SimpleLazyObject(partial(import_module, name))
