"""The counts of all processes (`core/metrics.py`), added up in one hash of Valkey.

Every two seconds a process adds what it has counted (`core/vitals.py` calls `tell`), so one that is killed takes two
seconds of counting with it and nothing else. The hash is as long as there are series, whatever the sizes of tables. A
Valkey that is emptied starts at 0 again, which Prometheus takes for a restart.
"""

from collections.abc import Iterator, Mapping

from core import metrics, valkey

KEY = "metrics:counted"

Totals = Mapping[str, int]  # a number for each field


def tell() -> None:
    """Add to Valkey what this process has counted since the last call.

    Raises `Unreachable`; what was counted is then told with the next. If only the answer was lost, it counts twice.
    """
    counts = metrics.take()
    if not counts:
        return
    try:
        pipe = valkey.client().pipeline(transaction=False)
        for field, count in counts.items():
            pipe.hincrby(KEY, field, count)
        pipe.execute()
    except valkey.Unreachable:
        metrics.give_back(counts)
        raise


def read() -> dict[str, int]:
    """Return what all processes have counted. Raises `Unreachable`."""
    stored: dict[bytes, bytes] = valkey.client().hgetall(KEY)  # type: ignore[assignment]
    return {field.decode(): int(count) for field, count in stored.items()}


def by_series(totals: Totals) -> Iterator[tuple[metrics.Measured, dict[tuple[str, ...], dict[str, int]]]]:
    """Yield every declared metric with what was counted in each of its series; those of another release are left out.

    A counter has `n`. A histogram has the number of each bucket, not cumulated, and `ms`, the sum of all durations.
    """
    by_name: dict[str, dict[tuple[str, ...], dict[str, int]]] = {}
    for field, count in sorted(totals.items()):
        name, *values, what = field.split("|")
        by_name.setdefault(name, {}).setdefault(tuple(values), {})[what] = count
    for measured in metrics.declared():
        series = by_name.get(measured.name, {})
        yield measured, {values: of for values, of in series.items() if len(values) == len(measured.labels)}
