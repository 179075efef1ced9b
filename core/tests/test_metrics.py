"""Counters and histograms, and how those of several processes add up."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from core import metric_totals, metrics, valkey, vitals
from core.metrics import OTHER, SERIES_MAX, Counter, Histogram
from core.vitals import Processor


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    monkeypatch.setattr(metrics, "_declared", {})
    return Counter("things", "Things.", ("kind",))


@pytest.fixture
def histogram(counter: Counter) -> Histogram:
    return Histogram("thing_seconds", "How long things took.", ("kind",), (0.1, 1.0))


@pytest.fixture(autouse=True)
def _nothing_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metrics, "_counted", {})
    valkey.client().delete(metric_totals.KEY)
    yield
    valkey.client().delete(metric_totals.KEY)


def told() -> dict[str, dict[tuple[str, ...], dict[str, int]]]:
    """The totals in Valkey, by metric and series."""
    return {each.name: series for each, series in metric_totals.by_series(metric_totals.read())}


def test_processes_add_up(counter: Counter, histogram: Histogram, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (0.05, 0.5):
        with monkeypatch.context() as process:
            process.setattr(metrics, "_counted", {})
            counter.add("red", count=2)
            histogram.observe(seconds, "red")
            metric_totals.tell()
    assert told() == {
        "things": {("red",): {"n": 4}},
        "thing_seconds": {("red",): {"0": 1, "1": 1, "ms": 550}},
    }


def test_each_count_is_told_once(counter: Counter) -> None:
    counter.add("red")
    metric_totals.tell()
    metric_totals.tell()
    assert told()["things"] == {("red",): {"n": 1}}


def test_a_process_tells_with_its_figures(counter: Counter) -> None:
    counter.add("red")
    vitals.tell_now(Processor(), {})
    assert told()["things"] == {("red",): {"n": 1}}


def test_what_valkey_misses_is_told_later(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable

    counter.add("red")
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        with pytest.raises(valkey.Unreachable):
            metric_totals.tell()
        counter.add("red")
    metric_totals.tell()
    assert told()["things"] == {("red",): {"n": 2}}


def test_durations_fall_into_buckets(histogram: Histogram) -> None:
    for seconds in (0.1, 0.1001, 1.0, 7.0, -3.0):
        histogram.observe(seconds, "red")
    metric_totals.tell()
    assert told()["thing_seconds"] == {("red",): {"0": 2, "1": 2, "2": 1, "ms": 8200}}


def test_only_what_is_committed_counts(counter: Counter, histogram: Histogram, db: None) -> None:
    with transaction.atomic():
        counter.add_on_commit("red")
        histogram.observe_on_commit(0.5, "red")
        transaction.set_rollback(True)
    with transaction.atomic():
        counter.add_on_commit("blue")
    metric_totals.tell()
    assert told() == {"things": {("blue",): {"n": 1}}, "thing_seconds": {}}


@pytest.mark.parametrize(
    "typed",
    [
        "ada@example.org",
        "Ada Lovelace",
        "+4917012345678",
        "40.7128",
        "203.0.113.7",
        "0190f3a2-7c1e-7d52-9a51-0c6f1f0b3c11",
        "a190f3a27c1e7d529a510c6f1f0b3c11",
        "c2VjcmV0LXRva2VuLW9mLWFkYS1sb3ZlbGFjZQ",
        "x|y",
        "",
        "line\nbreak",
    ],
)
def test_a_label_is_a_short_plain_word(counter: Counter, typed: str) -> None:
    counter.add(typed)
    metric_totals.tell()
    assert told()["things"] == {(OTHER,): {"n": 1}}


def test_the_number_of_series_is_limited(counter: Counter) -> None:
    for number in range(SERIES_MAX + 5):
        counter.add(f"kind-{number}")
    metric_totals.tell()
    series = told()["things"]
    assert len(series) == SERIES_MAX + 1
    assert series[(OTHER,)] == {"n": 5}


def test_what_another_release_counts_is_left_out(counter: Counter) -> None:
    counter.add("red")
    metric_totals.tell()
    valkey.client().hincrby(metric_totals.KEY, "things|red|big|n", 1)
    valkey.client().hincrby(metric_totals.KEY, "unheard|red|n", 1)
    assert told() == {"things": {("red",): {"n": 1}}}


def test_a_call_with_other_labels_is_a_mistake(counter: Counter) -> None:
    with pytest.raises(ValueError, match="labels"):
        counter.add("red", "big")
