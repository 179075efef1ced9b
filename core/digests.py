"""Keyed digests: they tell whether two values are equal, and nothing else to anybody without the key."""

from django.utils.crypto import salted_hmac


def keyed_digest(purpose: str, value: str) -> str:
    """Return 64 hexadecimal digits that depend on `SECRET_KEY`, the purpose and the value."""
    return salted_hmac(f"core.digests.{purpose}", value, algorithm="sha256").hexdigest()
