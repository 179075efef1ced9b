"""`GET /metrics` for Prometheus, read from the database at each scrape and so right with any number of processes."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import Partner
from ops.dashboard import live_counts
from payments.models import Payment
from requests_app.models import CheerRequest, Offer
from rides.models import Ride

TABLES: dict[str, Any] = {
    "requests": CheerRequest,
    "offers": Offer,
    "rides": Ride,
    "payments": Payment,
    "partners": Partner,
}


class DispatchCollector(Collector):
    """Collects rows by status, and the age of the oldest pending request."""

    def collect(self) -> Iterator[Metric]:
        for name, model in TABLES.items():
            gauge = GaugeMetricFamily(f"speedycheers_{name}", f"Rows of {name} by status.", labels=["status"])
            rows = model._default_manager.values_list("status").annotate(n=Count("pk")).order_by("status")
            for status, count in rows:
                gauge.add_metric([status], count)
            yield gauge
        oldest = GaugeMetricFamily("speedycheers_oldest_pending_seconds", "Age of the oldest request being matched.")
        oldest.add_metric([], live_counts()["oldestPendingS"] or 0)
        yield oldest


REGISTRY = CollectorRegistry()
REGISTRY.register(DispatchCollector())


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics as text."""
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
