"""The time that everything is dated, billed and due by: the database's, so that machines whose clocks differ agree.

A process asks the database for its time now and then, and counts on from there by the monotonic clock, which no step of
the machine's clock moves. On SQLite, which has no clock of its own, and until the database has been asked, it is the
machine's time.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

log = logging.getLogger(__name__)

EVERY_S = 5.0
FIRST_S = 2.0  # to wait for the first reading at most
APART_S = 2.0  # a machine's clock that is further off is logged


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of the database's clock.

    `at` is the moment of it by the monotonic clock, which may be wrong by `error_s` seconds: half of the way there
    and back.
    """

    time: datetime
    at: float
    error_s: float

    def now(self) -> datetime:
        """Count on from the reading."""
        return self.time + timedelta(seconds=time.monotonic() - self.at)


class Clock:
    """The database's clock, as far as it has been read."""

    def __init__(self) -> None:
        self.reading: Reading | None = None
        self.tried = threading.Event()

    def now(self) -> datetime:
        """Return the time by the last reading, or the machine's before the first."""
        return timezone.now() if self.reading is None else self.reading.now()

    def take(self, reading: Reading) -> None:
        """Go by a reading, unless the last one agrees within the errors of both, so that time does not tremble."""
        last = self.reading
        if last is not None and abs(_off_s(reading, last.now())) <= reading.error_s + last.error_s:
            return
        self.reading = reading
        off_s = _off_s(reading, timezone.now())
        if abs(off_s) > APART_S:
            log.warning("this machine's clock is %+.1f s from the database's, which counts", -off_s)

    def read(self) -> None:
        """Ask the database for its time, and give the connection back. Nothing changes if it does not answer."""
        try:
            self.take(read())
        except Error as error:
            log.info("the database's clock could not be read: %s", type(error).__name__)
        finally:
            connection.close()
            self.tried.set()

    def read_for_ever(self) -> None:
        """Read it every `EVERY_S` seconds."""
        while True:
            self.read()
            time.sleep(EVERY_S)


_clock = Clock()


def now() -> datetime:
    """Return the time, aware, in UTC. It may step back, by as much as the database's clock does."""
    return _clock.now()


def follow() -> None:
    """Go by the database's clock from now on, which a thread reads. Does nothing on SQLite."""
    if connection.vendor == "postgresql":
        threading.Thread(target=_clock.read_for_ever, name="clock", daemon=True).start()
        _clock.tried.wait(FIRST_S)


def read() -> Reading:
    """Ask the database for its time. Raises `django.db.Error` if it does not answer."""
    with connection.cursor() as cursor:  # which connects, outside the time that is taken
        before = time.monotonic()
        cursor.execute("SELECT clock_timestamp()")
        (told,) = cursor.fetchone()
        took_s = time.monotonic() - before
    return Reading(told.astimezone(UTC), before + took_s / 2, took_s / 2)


def _off_s(reading: Reading, other: datetime) -> float:
    return (reading.now() - other).total_seconds()
