"""`GET /metrics` for Prometheus, the same from every process, without a statement to the database.

Valkey has all of it: what processes have counted (`core/metric_totals.py`), what a sweep has counted
(`ops/gauges.py`), and queues and processes themselves.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import accumulate

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from api.errors import error_body
from api.monitors import is_monitor
from core import metric_totals, valkey
from core.metrics import MS, Histogram, Measured
from ops import gauges

PREFIX = "speedycheers_"


class Everything(Collector):
    """Collects every metric. While Valkey is away, only that is told: a missing series differs from one that is 0."""

    def collect(self) -> Iterator[Metric]:
        try:
            figures, totals = list(gauges.now_figures(gauges.kept())), metric_totals.read()
        except valkey.Unreachable:
            figures, totals = [], None
        up = GaugeMetricFamily(f"{PREFIX}valkey_up", "1 if Valkey answers.")
        up.add_metric([], int(totals is not None))
        yield up
        yield from _gauges(figures)
        for each, series in metric_totals.by_series(totals or {}):
            if isinstance(each, Histogram):
                yield _histogram(each, series)
            else:
                yield _counter(each, series)


def _gauges(figures: list[gauges.Figure]) -> Iterator[Metric]:
    for name, (labels, help_text) in gauges.GAUGES.items():
        gauge = GaugeMetricFamily(PREFIX + name, help_text, labels=labels)
        for figure in figures:
            if figure.name == name:
                gauge.add_metric(figure.labels, figure.value)
        yield gauge


Series = Mapping[tuple[str, ...], Mapping[str, int]]


def _counter(each: Measured, series: Series) -> Metric:
    counter = CounterMetricFamily(PREFIX + each.name, each.help_text, labels=each.labels)
    for values, totals in series.items():
        counter.add_metric(values, totals.get("n", 0))
    return counter


def _histogram(each: Histogram, series: Series) -> Metric:
    histogram = HistogramMetricFamily(PREFIX + each.name, each.help_text, labels=each.labels)
    bounds = [*(str(float(bound)) for bound in each.buckets), "+Inf"]
    for values, totals in series.items():
        counts = accumulate(totals.get(str(index), 0) for index in range(len(bounds)))
        histogram.add_metric(values, list(zip(bounds, counts, strict=True)), totals.get("ms", 0) / MS)
    return histogram


REGISTRY = CollectorRegistry(auto_describe=False)
REGISTRY.register(Everything())


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics as text, to monitors only."""
    if not is_monitor(request):
        body = json.dumps(error_body("permission_denied", "Metrics are for monitors only."))
        return HttpResponse(body, content_type="application/json", status=403)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
