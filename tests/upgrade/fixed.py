"""What makes two fills equal: a clock that stands still, ids in their order, and secrets from a seed."""

import random
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.cast import Clock

SEED = "speedycheers"
START = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)  # a Thursday, ten in the morning in New York

_source = random.Random(SEED)
_ids = 0


def fixed_bytes(count: int) -> bytes:
    """The next random bytes of the seed."""
    return _source.randbytes(count)


def fix(patch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Let the program read this clock, and draw ids, secrets and jitter as they are here, until the patches are undone.

    `os.urandom` stays as it is: how often the queue's client asks for it depends on the time that a fill takes.
    """
    clock.now = START
    patch.setattr("django.utils.timezone.now", lambda: clock.now)
    patch.setattr("uuid_utils.compat.uuid7", lambda: id_at(clock.now))
    patch.setattr("random._urandom", fixed_bytes)  # what `secrets` reads
    patch.setattr("knox.crypto.generate_bytes", fixed_bytes)
    for module in list(sys.modules.values()):  # such as the jitter of the matcher's retries
        held = getattr(module, "random", None)
        if type(held) is random.Random:
            held.seed(SEED)


def id_at(moment: datetime) -> UUID:
    """A UUIDv7 of this moment (RFC 9562), with a counter in place of its random bits."""
    global _ids  # noqa: PLW0603 - one counter a process, as the library has
    _ids += 1
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | _ids)
