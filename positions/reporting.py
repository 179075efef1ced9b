"""Write reports to Valkey: a lone report immediately, others together every `POSITION_FLUSH_S`.

A report is written by the caller's thread if it is the only one within `POSITION_FLUSH_S`, and otherwise by the writer
thread of this process; `Reports.write` lets none wait. Readers never write. If several reports of one partner wait,
only the newest is written. The order of writes does not matter, since Valkey drops a position that is older than the
stored one.

A killed process loses its waiting reports, which are at most `POSITION_FLUSH_S` old; the partner's next report
replaces them. A process that ends normally waits for its writer.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import connections
from django.dispatch import Signal

from api.fields import location
from core import valkey
from notifications.events import Message, push_latest, user_recipient
from positions.recording import Recorded, Report, record_many

log = logging.getLogger(__name__)

WRITER = "positions"  # the name of the writer thread

# Sent with `region` (its slug) after a write made a partner searchable who was not, or whose last report was stale.
# Receivers run in the thread that wrote, outside any transaction; their errors are logged.
entered = Signal()
# Sent with `report` and `speed_mps` when a partner has reported too much that can't be. Receivers run as those of
# `entered`.
doubted = Signal()
# Sent with `reports` after a write fulfilled the watches of their partners, and again with each further report until
# the watch is replaced. Receivers run as those of `entered`.
noticed = Signal()


class Reports:
    """The waiting reports of this process, and its writer thread, which runs only while reports wait.

    At most one report per partner waits, so their number is bounded by the partners who report to this process.
    """

    def __init__(self, save: Callable[[list[Report]], object]) -> None:
        """
        Args:
            save: writes reports to the database; called if Valkey does not answer.
        """
        self._save = save
        self._lock = threading.Lock()  # guards the fields below
        self._waiting: dict[str, dict[int, Report]] = {}  # by region and partner
        self._written_at = float("-inf")  # when the last write began, on the monotonic clock
        self._writer: threading.Thread | None = None

    def take(self, region: str, report: Report) -> Recorded | None:
        """Write a report, or let it wait for the writer. Call it outside a transaction.

        Returns:
            Valkey's answer; None if the report waits. A waiting report goes to `save` if Valkey does not answer.

        Raises:
            valkey.Unreachable: the immediate write failed.
        """
        with self._lock:
            now = time.monotonic()
            alone = self._writer is None and now - self._written_at >= settings.POSITION_FLUSH_S
            if alone:
                self._written_at = now
            else:
                self._add(region, report)
        return self.write(region, report) if alone else None

    def write(self, region: str, report: Report) -> Recorded:
        """Write a report now. Raises `valkey.Unreachable`."""
        return _write(region, [report])[0]

    def _add(self, region: str, report: Report) -> None:
        waiting = self._waiting.setdefault(region, {})
        partner = report.partner_id.int  # hashed faster than the UUID
        earlier = waiting.get(partner)
        if earlier is None or earlier.position.recorded_at < report.position.recorded_at:
            waiting[partner] = report
        # A forked child inherits the field, but not the thread.
        if self._writer is None or not self._writer.is_alive():
            self._writer = threading.Thread(target=self._write_waiting, name=WRITER)
            self._writer.start()

    def _write_waiting(self) -> None:
        """Write the waiting reports every `POSITION_FLUSH_S`, until none waits."""
        try:
            while taken := self._due():
                for region, reports in taken.items():
                    try:
                        self._write_or_save(region, list(reports.values()))
                    except Exception:
                        log.exception("%d positions in %s were not written", len(reports), region)
        finally:
            connections.close_all()

    def _due(self) -> dict[str, dict[int, Report]]:
        """Wait until the next write is due, then take the waiting reports. The writer ends if none waits."""
        time.sleep(max(0.0, self._written_at + settings.POSITION_FLUSH_S - time.monotonic()))
        with self._lock:
            taken, self._waiting = self._waiting, {}
            if taken:
                self._written_at = time.monotonic()
            else:
                self._writer = None
            return taken

    def _write_or_save(self, region: str, batch: list[Report]) -> None:
        try:
            _write(region, batch)
        except valkey.Unreachable:
            self._save(batch)


def _write(region: str, batch: list[Report]) -> list[Recorded]:
    """Write to Valkey, forward to the users served, and send the signals. Raises `valkey.Unreachable`."""
    recorded = record_many(region, batch)
    push_latest(_forwarded(batch, recorded))
    if any(result.entered for result in recorded):
        entered.send_robust(sender=Reports, region=region)
    for number, result in enumerate(recorded):
        if result.suspect_mps is not None:
            doubted.send_robust(sender=Reports, report=batch[number], speed_mps=result.suspect_mps)
    if seen := [report for report, result in zip(batch, recorded, strict=True) if result.noticed]:
        noticed.send_robust(sender=Reports, reports=seen)
    return recorded


def _forwarded(batch: list[Report], recorded: Iterable[Recorded]) -> list[Message]:
    messages = []
    for report, result in zip(batch, recorded, strict=True):
        if result.applied and result.serves_user_id:
            place = location(report.position.lat, report.position.lng)
            payload = {"partnerId": str(report.partner_id), "location": place}
            messages.append((user_recipient(result.serves_user_id), "partner.location", payload))
    return messages
