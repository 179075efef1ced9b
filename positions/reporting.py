"""Reports on their way to Valkey: a lone one at once, many together every `POSITION_FLUSH_S`.

Of several reports of one partner that wait together only the newest is written. A process that is killed
loses what waits, which is no older than `POSITION_FLUSH_S`: the partner's next report makes it good.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Iterable

from django.conf import settings
from django.db import DatabaseError, connection

from api.fields import location
from core import valkey
from notifications.events import Message, push_latest, user_recipient
from positions.keeping import write_to_database
from positions.recording import Recorded, Report, record_many

log = logging.getLogger(__name__)

WAITING_MAX = 2000  # whoever reports beyond this writes them: the thread gets too little time
IDLE_S = 5.0  # the thread ends after so long without work


class Reports:
    """What waits in this process, and the thread that writes it, which lives only while there is work."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As after a start: nothing waits, no thread runs. A forked child begins like this."""
        self._waiting: dict[str, dict[int, Report]] = {}
        self._flushed_at = float("-inf")  # monotonic seconds
        self._thread: threading.Thread | None = None
        self._idle_s = IDLE_S
        self._lock = threading.Lock()  # guards the fields above
        self._changed = threading.Condition(self._lock)
        self._writing = threading.RLock()  # held while what was taken is not yet written

    def take(self, region: str, report: Report) -> Recorded | None:
        """Take a report. On a quiet system it is written at once; else it waits for the flush, and None is answered.

        Raises `valkey.Unreachable` where it was to be written at once; one that waits goes to the database then.
        """
        with self._lock:
            now = time.monotonic()
            if self._waiting or now - self._flushed_at < settings.POSITION_FLUSH_S:
                crowded = self._add(region, report) >= WAITING_MAX
            else:
                crowded, self._flushed_at = None, now
        if crowded:
            self.flush()
        if crowded is not None:
            return None
        [recorded] = _write(region, [report])
        return recorded

    def _add(self, region: str, report: Report) -> int:
        """Let a report wait; returns how many of its region do."""
        waiting = self._waiting.get(region)
        if waiting is None:
            waiting = self._waiting[region] = {}
        partner = report.partner_id.int  # hashed faster than the UUID
        earlier = waiting.get(partner)
        if earlier is None or earlier.position.recorded_at < report.position.recorded_at:
            waiting[partner] = report
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="positions", daemon=True)
            self._thread.start()
        elif len(self._waiting) == len(waiting) == 1:  # the first to wait
            self._changed.notify()
        return len(waiting)

    def flush(self) -> None:
        """Write what waits, and return when it is written. Never raises for a Valkey that is away."""
        with self._writing:
            with self._lock:
                if not self._waiting:
                    return
                taken, self._waiting = self._waiting, {}
                self._flushed_at = time.monotonic()
            for region, reports in taken.items():
                _write_or_save(region, list(reports.values()))

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                time.sleep(max(0.0, self._flushed_at + settings.POSITION_FLUSH_S - time.monotonic()))
                try:
                    self.flush()
                except Exception:
                    log.exception("positions were not written")
        finally:
            connection.close()

    def _wait_for_work(self) -> bool:
        with self._changed:
            until = time.monotonic() + self._idle_s
            while not self._waiting:
                left_s = min(self._idle_s, until - time.monotonic())
                if left_s <= 0:
                    self._thread = None
                    return False
                self._changed.wait(left_s)
            return True


reports = Reports()
flush = reports.flush
os.register_at_fork(after_in_child=reports.reset)
atexit.register(flush)


def _write(region: str, batch: list[Report]) -> list[Recorded]:
    """To Valkey, to the users served, and to whom it concerns that somebody is on the map. Raises `Unreachable`."""
    recorded = record_many(region, batch)
    push_latest(_forwarded(batch, recorded))
    if any(result.entered for result in recorded):
        for tell in {report.on_entered for report in batch}:
            tell(region)
    return recorded


def _forwarded(batch: list[Report], recorded: Iterable[Recorded]) -> list[Message]:
    messages = []
    for report, result in zip(batch, recorded, strict=True):
        if result.applied and result.serves_user_id:
            place = location(report.position.lat, report.position.lng)
            payload = {"partnerId": str(report.partner_id), "location": place}
            messages.append((user_recipient(result.serves_user_id), "partner.location", payload))
    return messages


def _write_or_save(region: str, batch: list[Report]) -> None:
    """To Valkey, or while that is away to the database."""
    try:
        _write(region, batch)
    except valkey.Unreachable:
        save(batch)


def save(batch: Iterable[Report]) -> None:
    """Positions to the database, where Valkey does not take them. Best effort."""
    rows = [(r.partner_id, r.position.lat, r.position.lng, r.received_at) for r in batch]
    try:
        write_to_database(rows)
    except DatabaseError:
        log.warning("%d positions lost: neither Valkey nor the database takes them", len(rows))
