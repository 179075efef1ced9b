"""Password hashing with bounded cost: OWASP's parameters for Argon2id, and few hashes at a time in a process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher
from django.utils.translation import gettext_noop

from core.errors import ServiceError


class HashingBusy(ServiceError):
    """More passwords are to be hashed than this process hashes in time; nothing was checked."""

    status = 429
    default_code = "busy"
    default_detail = gettext_noop("Too many people are signing in. Try again in a moment.")
    wait_s = 2.0


_slots = threading.BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE)


@contextmanager
def slot() -> Iterator[None]:
    """Hold one of this process's slots for hashing. Raises `HashingBusy` if none is free in time."""
    if not _slots.acquire(timeout=settings.PASSWORD_HASH_WAIT_S):
        raise HashingBusy
    try:
        yield
    finally:
        _slots.release()


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, 2 passes and 1 lane (OWASP's Password Storage Cheat Sheet).

    A hash with other parameters is replaced at the next sign-in with its password.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with slot():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with slot():
            return bool(super().verify(password, encoded))


class PBKDF2Hasher(PBKDF2PasswordHasher):
    """Checks hashes that other programs have made; the next sign-in replaces them."""

    def encode(self, password: str, salt: str, iterations: Any = None) -> str:
        with slot():
            return str(super().encode(password, salt, iterations))
