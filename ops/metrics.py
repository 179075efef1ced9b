"""`GET /metrics` for Prometheus, the same from every process.

Rows in a state that changes are counted at each scrape, by an index on their few rows. Rows in a final state are most
of a table, so the sweep counts them now and then; Valkey keeps the numbers.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import Partner
from accounts.states import PartnerStatus
from api.errors import error_body
from api.monitors import is_monitor
from core import valkey
from ops.signals import SignalsCollector
from payments.models import Payment
from payments.states import PaymentStatus
from requests_app.models import CheerRequest, Offer
from requests_app.states import OPEN, OfferStatus
from rides.models import Ride
from rides.states import ACTIVE

TABLES: dict[str, Any] = {
    "requests": CheerRequest,
    "offers": Offer,
    "rides": Ride,
    "payments": Payment,
    "partners": Partner,
}
LIVE: dict[str, list[str]] = {
    "requests": list(OPEN),
    "offers": [OfferStatus.PENDING],
    "rides": list(ACTIVE),
    "payments": [PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION],
    "partners": [PartnerStatus.AVAILABLE, PartnerStatus.OFFERED, PartnerStatus.BUSY],
}
COUNTED = "metrics:final"
KEPT_S = 3600  # old numbers vanish rather than mislead


class DispatchCollector(Collector):
    """Collects rows by status."""

    def collect(self) -> Iterator[Metric]:
        final = final_counts()
        for name, model in TABLES.items():
            gauge = GaugeMetricFamily(f"speedycheers_{name}", f"Rows of {name} by status.", labels=["status"])
            live = _by_status(model._default_manager.filter(status__in=LIVE[name]))
            for status, count in sorted((final.get(name, {}) | dict.fromkeys(LIVE[name], 0) | live).items()):
                gauge.add_metric([status], count)
            yield gauge


def keep_final_counts() -> None:
    """Count the rows in final states, all of them, and keep the numbers for scrapes; one of several sweeps does it."""
    try:
        if not valkey.claim(f"{COUNTED}:by", max(1, settings.RECOUNT_EVERY_S - 1)):
            return
        counts = {
            name: _by_status(model._default_manager.exclude(status__in=LIVE[name])) for name, model in TABLES.items()
        }
        valkey.client().set(COUNTED, json.dumps(counts), ex=KEPT_S)
    except valkey.Unreachable:
        return


def final_counts() -> dict[str, dict[str, int]]:
    """Return the rows in final states by table and status, as of the last count; empty without one."""
    try:
        kept = valkey.client().get(COUNTED)
    except valkey.Unreachable:
        return {}
    return json.loads(kept) if kept else {}


def _by_status(rows: Any) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(n=Count("pk")).order_by("status"))


REGISTRY = CollectorRegistry()
REGISTRY.register(DispatchCollector())
REGISTRY.register(SignalsCollector())


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics as text, to monitors only."""
    if not is_monitor(request):
        body = json.dumps(error_body("permission_denied", "Metrics are for monitors only."))
        return HttpResponse(body, content_type="application/json", status=403)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
