"""Django's cache in Valkey, with values as JSON: Django's own pickles would run as code if somebody wrote to Valkey.

While Valkey does not answer, each process has a cache of its own: limits count on, and a code that was used is known to
the process that has seen it.
"""

import json
import logging
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from core import valkey

log = logging.getLogger(__name__)

OWN_ENTRIES_MAX = 10_000  # of one process; some make room beyond


class Unreadable(ValueError):
    """A stored value is not JSON."""


class JSONSerializer:
    """Stores what JSON stores without loss: None, booleans, numbers, strings, lists, and dicts with string keys."""

    def dumps(self, value: Any) -> bytes:
        """Return a value as JSON. Raises `TypeError` for one that would come back as another."""
        if not _is_plain(value):
            raise TypeError(f"The cache takes JSON only, not this {type(value).__name__}.")
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()

    def loads(self, data: Any) -> Any:
        """Return a stored value. Raises `Unreadable`."""
        try:
            return json.loads(data)
        except (ValueError, TypeError, RecursionError):
            raise Unreadable from None


def _is_plain(value: Any) -> bool:
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and _is_plain(entry) for key, entry in value.items())
    return value is None or type(value) in (bool, int, float, str)


class _Client(RedisCacheClient):
    """Takes unreadable values for absent."""

    def get(self, key: Any, default: Any) -> Any:
        try:
            return super().get(key, default)
        except Unreadable:
            log.warning("an unreadable value in the cache is ignored")
            return default

    def get_many(self, keys: Any) -> dict[Any, Any]:
        absent = object()
        found = {key: self.get(key, absent) for key in keys}
        return {key: value for key, value in found.items() if value is not absent}


class JSONCache(RedisCache):
    """The cache backend that the settings name."""

    def __init__(self, server: list[str], params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": {**params.get("OPTIONS", {}), "serializer": JSONSerializer}})
        self._class = _Client
        self._own = LocMemCache("while Valkey is away", {"OPTIONS": {"MAX_ENTRIES": OWN_ENTRIES_MAX}})

    def add(self, *args: Any, **options: Any) -> bool:
        return bool(self._call("add", *args, **options))

    def get(self, *args: Any, **options: Any) -> Any:
        return self._call("get", *args, **options)

    def set(self, *args: Any, **options: Any) -> None:
        self._call("set", *args, **options)

    def delete(self, *args: Any, **options: Any) -> bool:
        return bool(self._call("delete", *args, **options))

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        """Call Valkey, or this process's own cache if that does not answer."""
        try:
            return getattr(super(), name)(*args, **options)
        except valkey.Unreachable:
            log.warning("this process uses a cache of its own: Valkey does not answer")
            return getattr(self._own, name)(*args, **options)
