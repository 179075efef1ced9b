"""Reuses one instance of a serializer per thread, because creating one takes several times as long as using it."""

import threading
from typing import Any

from rest_framework import serializers

Serializer = serializers.BaseSerializer[Any]


class _Instances(threading.local):
    def __init__(self) -> None:
        self.by_class: dict[type[Serializer], tuple[Serializer, dict[str, Any]]] = {}

    def get(self, serializer: type[Serializer]) -> tuple[Serializer, dict[str, Any]]:
        """Return this thread's instance of a class, and the context that it reads."""
        found = self.by_class.get(serializer)
        if found is None:
            context: dict[str, Any] = {}
            found = self.by_class[serializer] = serializer(context=context), context
        return found


_instances = _Instances()


def json_of(serializer: type[Serializer], row: Any, **context: Any) -> dict[str, Any]:
    """Return a row's JSON: the serializer's `data` with this context."""
    instance, instance_context = _instances.get(serializer)
    instance_context.update(context)
    return dict(instance.to_representation(row))


def validated(serializer: type[Serializer], data: Any) -> dict[str, Any]:
    """Return the serializer's `validated_data` for a call's JSON. Raises DRF's `ValidationError`."""
    instance, _ = _instances.get(serializer)
    values: dict[str, Any] = instance.run_validation(data)
    return values
