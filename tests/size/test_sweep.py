"""No pass of the sweep and no batch of the pruner reads more as a city grows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.pruning import BATCH
from ops.gauges import count_rows
from ops.live.counts import WAITING_MAX, live_counts
from ops.live.marks import open_requests
from ops.live.minutes import counted_minutes, minute_of
from ops.retention import PRUNED
from ops.sweep import PASSES
from payments.books import movements
from tests.fuzz.world import rolled_back
from tests.size.city import UNTIL, Grown
from tests.size.plans import grown_statements

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
]


def test_no_pass_of_the_sweep_reads_more(grown: Grown) -> None:
    found = {}
    for sweep, _ in PASSES:
        with CaptureQueriesContext(connection) as captured, rolled_back():
            sweep(timezone.now())
        if findings := grown_statements([query["sql"] for query in captured], grown.tables, WAITING_MAX):
            found[sweep.__name__] = findings
    assert found == {}


def test_no_count_for_the_metrics_reads_more(grown: Grown) -> None:
    with CaptureQueriesContext(connection) as captured:
        count_rows(timezone.now())
    assert grown_statements([query["sql"] for query in captured], grown.tables, WAITING_MAX) == []


def test_the_publisher_of_the_live_page_reads_no_more(grown: Grown) -> None:
    with CaptureQueriesContext(connection) as captured:
        live_counts(UNTIL)
        open_requests()
        counted_minutes(minute_of(UNTIL) - 60, minute_of(UNTIL))
    assert grown_statements([query["sql"] for query in captured], grown.tables, WAITING_MAX) == []


def test_no_batch_of_the_pruner_reads_more(grown: Grown) -> None:
    """Neither on a day on which nothing is over nor once everything is."""
    found = {}
    for label, prunings in PRUNED.items():
        for pruning in prunings:
            for now in (UNTIL, UNTIL + timedelta(days=4000)):
                with CaptureQueriesContext(connection) as captured, rolled_back():
                    pruning.batch(now, None)
                statements = [query["sql"] for query in captured]
                if findings := grown_statements(statements, grown.tables, BATCH):
                    found[label] = findings
    assert found == {}


def test_the_entries_that_the_provider_has_not_moved_are_those_of_the_time_that_was_read(grown: Grown) -> None:
    hour = movements.missing(UNTIL - timedelta(hours=1), UNTIL)
    with CaptureQueriesContext(connection) as captured:
        list(hour)
    assert grown_statements([query["sql"] for query in captured], grown.tables) == []
