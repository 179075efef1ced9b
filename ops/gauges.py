"""Gauges: what waits, where, and for how long, and what each process does.

A scrape asks the database for nothing. One of the sweeps counts the rows that still change every few seconds
(`ops/watcher.py`), by indexes on their few rows, and Valkey keeps the figures. Queues and processes are asked at the
scrape, of Valkey.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Min, QuerySet

from accounts.deferred_mails import MAILS
from accounts.models import Partner
from accounts.states import PartnerStatus
from core import clock, valkey, vitals
from core.heartbeats import is_alive
from core.jobs import DueRows
from core.task_waits import waiting_s
from insights.forecast.models import Forecaster
from notifications.web_push import PUSHES
from payments.models import Payment
from payments.operations import Operation
from payments.states import UNPAID, PaymentStatus
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import OPEN, OfferStatus, RequestStatus
from requests_app.wakeups import match_queue
from rides.mails import RECEIPTS
from rides.models import Ride
from rides.states import ACTIVE

KEY = "metrics:counts"
KEPT_S = 120  # figures that nobody counts any more vanish rather than mislead
WAITING_MAX = 1000  # rows that wait for staff are counted up to here
ANY_REGION = "any"  # the label of tasks that belong to no region

AT_WORK = (PartnerStatus.AVAILABLE, PartnerStatus.OFFERED, PartnerStatus.BUSY)
LIVE: dict[str, tuple[type[Any], list[str]]] = {
    "requests": (CheerRequest, list(OPEN)),
    "offers": (Offer, [OfferStatus.PENDING]),
    "rides": (Ride, list(ACTIVE)),
    "payments": (Payment, [PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION]),
    "partners": (Partner, list(AT_WORK)),
}
DUE: dict[str, DueRows] = {
    "mail": MAILS,
    "push": PUSHES,
    "receipt": RECEIPTS,
    **{operation.value: operation.rows for operation in Operation},
}
# The name of each gauge, its labels and its help text.
GAUGES: dict[str, tuple[tuple[str, ...], str]] = {
    **{name: (("status",), f"Rows of {name} in a status that changes, by status.") for name in LIVE},
    "oldest_pending_seconds": (("region",), "Age of the oldest request being matched."),
    "requests_without_partners": (("region",), "Requests being matched in a region where no partner is at work."),
    "waiting_for_staff": (("what",), f"Rows that wait for staff; {WAITING_MAX} at most."),
    "overdue_seconds": (("what",), "For how long the oldest row that is due has waited for a worker."),
    "forecast_error_ratio": (("region",), "The forecast's error of the last week by what it expects; 0: not known."),
    "counts_age_seconds": ((), "Time since the rows were counted."),
    "sweep_alive": ((), "1 if a sweep has given a sign of life within ten seconds."),
    "processes": (("kind",), "Processes that have given a sign of life within ten seconds."),
    "tasks_waiting": (("region",), "Tasks that no worker has taken."),
    "oldest_task_seconds": (("region",), "Age of the oldest task that no worker has taken."),
    "process_cpu_share": (("kind", "process"), "Share of a processor that a process uses."),
    "process_sockets": (("kind", "process"), "Open sockets of a process."),
    "process_handshakes_waiting": (("kind", "process"), "Handshakes that wait for their turn in a process."),
    "process_threads_busy_share": (("kind", "process"), "Share of a worker's threads that tasks have taken."),
}
PROCESS_FIGURES = {
    "cpu": "process_cpu_share",
    "sockets": "process_sockets",
    "handshakes": "process_handshakes_waiting",
    "busy": "process_threads_busy_share",
}
EXPECTED_KINDS = ("worker", "sweep")  # told with 0 if no such process lives


class Figure(NamedTuple):
    """The value of one series of a gauge."""

    name: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows counted in the database, when, and the regions that there were."""

    at: float  # seconds since the epoch, by the database's clock
    regions: tuple[str, ...]
    figures: tuple[Figure, ...]


# ---------------------------------------------------------------- counted by a sweep


def count_rows(now: datetime) -> Counts:
    """Count the rows that still change, and find the oldest ones that wait."""
    regions = tuple(Region.objects.filter(active=True).order_by("slug").values_list("slug", flat=True))
    figures = [*_by_status(), *_pending(regions, now), *_for_staff(), *_overdue(now), *_forecasts(regions)]
    return Counts(now.timestamp(), regions, tuple(figures))


def _by_status() -> Iterator[Figure]:
    for name, (model, statuses) in LIVE.items():
        rows = model._default_manager.filter(status__in=statuses).order_by()
        counted = dict.fromkeys(statuses, 0) | dict(rows.values_list("status").annotate(n=Count("pk")))
        yield from (Figure(name, (str(status),), count) for status, count in counted.items())


def _pending(regions: Iterable[str], now: datetime) -> Iterator[Figure]:
    pending = CheerRequest.objects.filter(status=RequestStatus.PENDING).order_by()
    waiting = {slug: (n, at) for slug, n, at in pending.values_list("region__slug").annotate(Count("pk"), oldest_at())}
    at_work = Partner.objects.filter(status__in=AT_WORK).order_by()
    partners = dict(at_work.values_list("region__slug").annotate(Count("pk")))
    for slug in sorted({*regions, *waiting}):
        count, since = waiting.get(slug, (0, now))
        yield Figure("oldest_pending_seconds", (slug,), int((now - since).total_seconds()))
        yield Figure("requests_without_partners", (slug,), 0 if partners.get(slug) else count)


def oldest_at() -> Min:
    """Return when the oldest of some requests was made."""
    return Min("created_at")


def _for_staff() -> Iterator[Figure]:
    rows: dict[str, QuerySet[Any]] = {
        "dead_letters": CheerRequest.objects.filter(status=RequestStatus.NO_MATCH),
        "unpaid": Payment.objects.filter(status__in=UNPAID),
    }
    for what, waiting in rows.items():
        yield Figure("waiting_for_staff", (what,), waiting.order_by()[:WAITING_MAX].count())


def _overdue(now: datetime) -> Iterator[Figure]:
    for what, due in DUE.items():
        rows = due.model._default_manager.filter(**{f"{due.column}__lte": now}).order_by(due.column)
        oldest = rows.values_list(due.column, flat=True).first()
        yield Figure("overdue_seconds", (what,), (now - oldest).total_seconds() if oldest else 0)


def _forecasts(regions: Iterable[str]) -> Iterator[Figure]:
    known = dict(Forecaster.objects.values_list("region__slug", "error_ratio"))
    yield from (Figure("forecast_error_ratio", (slug,), known.get(slug) or 0.0) for slug in regions)


def keep(counts: Counts) -> None:
    """Keep what was counted for scrapes. Raises `Unreachable`."""
    valkey.client().set(KEY, json.dumps([counts.at, counts.regions, counts.figures]), ex=KEPT_S)


def kept() -> Counts | None:
    """Return what was counted last; None if that is long ago. Raises `Unreachable`."""
    text = valkey.client().get(KEY)
    if not text:
        return None
    at, regions, figures = json.loads(text)
    return Counts(at, tuple(regions), tuple(Figure(name, tuple(labels), value) for name, labels, value in figures))


# ---------------------------------------------------------------- asked at the scrape


def now_figures(counts: Counts | None) -> Iterator[Figure]:
    """Yield what was counted, its age, and the figures of queues and processes. Raises `Unreachable`."""
    now = clock.now().timestamp()
    if counts is not None:
        yield from (figure for figure in counts.figures if figure.name in GAUGES)
        yield Figure("counts_age_seconds", (), max(0.0, now - counts.at))
    yield Figure("sweep_alive", (), int(is_alive("sweep")))
    yield from _tasks(counts.regions if counts is not None else (), now)
    yield from _processes()


def _tasks(regions: Iterable[str], now: float) -> Iterator[Figure]:
    queues = {ANY_REGION: settings.CELERY_TASK_DEFAULT_QUEUE} | {slug: match_queue(slug) for slug in regions}
    pipe = valkey.client().pipeline(transaction=False)
    for queue in queues.values():
        pipe.llen(queue)
        pipe.lindex(queue, -1)  # the broker adds on the left
    answers = pipe.execute()
    for region, count, message in zip(queues, answers[::2], answers[1::2], strict=True):
        yield Figure("tasks_waiting", (region,), count)
        yield Figure("oldest_task_seconds", (region,), waiting_s(message, now=now) if message else 0)


def _processes() -> Iterator[Figure]:
    told = vitals.read()
    kinds = dict.fromkeys(EXPECTED_KINDS, 0)
    for process in told:
        kinds[process.kind] = kinds.get(process.kind, 0) + 1
        for figure, name in PROCESS_FIGURES.items():
            if figure in process.figures:
                yield Figure(name, (process.kind, process.name), process.figures[figure])
    yield from (Figure("processes", (kind,), count) for kind, count in sorted(kinds.items()))
