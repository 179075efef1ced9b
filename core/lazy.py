"""Loads heavy modules, which few processes need, when they are first used."""

from functools import partial
from importlib import import_module
from typing import Any

from django.utils.functional import SimpleLazyObject


def lazy_module(name: str) -> Any:
    """Return a proxy for the module `name`, which is imported when one of its attributes is first read."""
    return SimpleLazyObject(partial(import_module, name))
