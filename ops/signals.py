"""The signals that say whether there are enough processes: who waits, for how long, and what each process does."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Min
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core import clock, valkey, vitals
from core.task_waits import waiting_s
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from requests_app.wakeups import match_queue

ANY_REGION = "any"  # the label of tasks that belong to no region
PROCESS_FIGURES = {
    "cpu": ("process_cpu_share", "Share of a processor that a process uses."),
    "sockets": ("process_sockets", "Open sockets of a process."),
    "handshakes": ("process_handshakes_waiting", "Handshakes that wait for their turn in a process."),
    "busy": ("process_threads_busy_share", "Share of a worker's threads that tasks have taken."),
}


class SignalsCollector(Collector):
    """Collects the age of what waits, by region, and the figures of every process, by kind."""

    def collect(self) -> Iterator[Metric]:
        slugs = list(Region.objects.filter(active=True).order_by("slug").values_list("slug", flat=True))
        yield _oldest_requests(slugs)
        try:
            yield from _tasks(slugs)
            yield from _processes()
        except valkey.Unreachable:
            return  # a series that is missing can be told from one that is 0


def _oldest_requests(slugs: list[str]) -> Metric:
    gauge = GaugeMetricFamily(
        "speedycheers_oldest_pending_seconds", "Age of the oldest request being matched.", labels=["region"]
    )
    pending = CheerRequest.objects.filter(status=RequestStatus.PENDING)
    oldest = dict(pending.order_by().values_list("region__slug").annotate(at=Min("created_at")))
    now = clock.now()
    for slug in sorted({*slugs, *oldest}):
        gauge.add_metric([slug], int((now - oldest[slug]).total_seconds()) if slug in oldest else 0)
    return gauge


def _tasks(slugs: list[str]) -> Iterator[Metric]:
    queues = {ANY_REGION: settings.CELERY_TASK_DEFAULT_QUEUE} | {slug: match_queue(slug) for slug in slugs}
    pipe = valkey.client().pipeline(transaction=False)
    for queue in queues.values():
        pipe.llen(queue)
        pipe.lindex(queue, -1)  # the broker adds on the left
    answers = pipe.execute()
    waiting = GaugeMetricFamily("speedycheers_tasks_waiting", "Tasks that no worker has taken.", labels=["region"])
    oldest = GaugeMetricFamily(
        "speedycheers_oldest_task_seconds", "Age of the oldest task that no worker has taken.", labels=["region"]
    )
    for region, count, message in zip(queues, answers[::2], answers[1::2], strict=True):
        waiting.add_metric([region], count)
        oldest.add_metric([region], waiting_s(message, now=clock.now().timestamp()) if message else 0)
    yield waiting
    yield oldest


def _processes() -> Iterator[Metric]:
    told = vitals.read()
    for figure, (name, help_text) in PROCESS_FIGURES.items():
        gauge = GaugeMetricFamily(f"speedycheers_{name}", help_text, labels=["kind", "process"])
        for process in told:
            if figure in process.figures:
                gauge.add_metric([process.kind, process.name], process.figures[figure])
        yield gauge
