"""The result of trying rules as lines of text."""

from collections.abc import Iterator

from insights.sandbox.figures import Difference
from insights.sandbox.report import Report, Tried

COLUMNS = ("requests", "served", "unmatched", "cancelled", "mean", "P50", "P90", "to offer", "way", "an hour", "Gini")
WORST = 5  # zones


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report. Waits are in minutes, from the request to the arrival; ways are in metres."""
    yield f"{report.region}, {report.day}, seed {report.seed}"
    for warning in report.warnings:
        yield f"  {warning}"
    same, wait = report.fidelity.assigned, report.fidelity.wait
    yield f"The rules in force repeat {same:.1%} of the assignments; their mean wait is {wait:.3f} of the recorded one."
    yield ""
    width = max(len(each.name) for each in report.runs)
    yield f"{'':{width}}" + "".join(f"{name:>10}" for name in COLUMNS)
    for run in report.runs:
        yield f"{run.name:{width}}" + "".join(f"{cell:>10}" for cell in _cells(run))
    for run in report.runs:
        if run.differences:
            yield from _differences(run)
            yield from _zones(run, report.runs[1])


def _cells(run: Tried) -> list[str]:
    own = run.figures
    counts = [str(each) for each in (own.requests, own.served, own.unmatched, own.cancelled)]
    waits_s = (own.mean_wait_s, own.p50_wait_s, own.p90_wait_s, own.mean_offer_s)
    spread = f"{own.earned_p50 / 100:.2f}"
    return [*counts, *(f"{each / 60:.2f}" for each in waits_s), f"{own.mean_way_m:.0f}", spread, f"{own.gini:.3f}"]


def _differences(run: Tried) -> Iterator[str]:
    yield ""
    yield f"{run.name} against the rules in force, with 95% intervals:"
    for name, label in (("mean_wait_s", "mean wait"), ("p50_wait_s", "P50"), ("p90_wait_s", "P90")):
        yield f"  {label:12}{_interval(run.differences[name], 1 / 60)} min"
    yield f"  {'unmatched':12}{_interval(run.differences['unmatched_share'], 100)} points"


def _interval(found: Difference, factor: float) -> str:
    return f"{found.value * factor:+8.2f}  ({found.low * factor:+.2f} to {found.high * factor:+.2f})"


def _zones(run: Tried, beside: Tried) -> Iterator[str]:
    """Yield the zones whose unmatched share rises most."""
    more = {name: unmatched - beside.zones[name][2] for name, (_, _, unmatched) in run.zones.items()}
    worst = sorted((name for name in more if more[name] > 0), key=lambda name: -more[name])[:WORST]
    for name in worst:
        yield f"  zone {name}: {100 * more[name]:+.1f} points unmatched of {run.zones[name][0]} requests"
