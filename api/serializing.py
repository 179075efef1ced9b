"""Serializers that each thread makes once: making one takes several times as long as using it."""

import threading
from typing import Any

from rest_framework import serializers

Serializer = serializers.BaseSerializer[Any]


class _Kept(threading.local):
    def __init__(self) -> None:
        self.by_class: dict[type[Serializer], tuple[Serializer, dict[str, Any]]] = {}

    def get(self, serializer: type[Serializer]) -> tuple[Serializer, dict[str, Any]]:
        """This thread's instance of a class, and the context that it reads."""
        kept = self.by_class.get(serializer)
        if kept is None:
            context: dict[str, Any] = {}
            kept = self.by_class[serializer] = serializer(context=context), context
        return kept


_kept = _Kept()


def json_of(serializer: type[Serializer], row: Any, **context: Any) -> dict[str, Any]:
    """A row's JSON: what the serializer's `data` would be with this context."""
    maker, kept_context = _kept.get(serializer)
    kept_context.update(context)
    return dict(maker.to_representation(row))


def validated(serializer: type[Serializer], data: Any) -> dict[str, Any]:
    """What a call's JSON says: the serializer's `validated_data`. Raises DRF's `ValidationError`."""
    checker, _ = _kept.get(serializer)
    values: dict[str, Any] = checker.run_validation(data)
    return values
