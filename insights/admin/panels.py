"""The result of a trial as its page shows it: tables, intervals and the map, each with its figures as text."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from api.files import csv_row
from backoffice.columns import NOTHING, amount_text
from insights.admin.zone_map import name_of, zone_map
from insights.sandbox.models import Trial
from insights.sandbox.states import Stage, TrialStatus
from insights.sandbox.turns import HALF_HOUR, midnight

MINUTE_S = 60.0
MEASURES = (
    ("mean_wait_s", "Mean wait", 1 / MINUTE_S, "min"),
    ("p50_wait_s", "P50 wait", 1 / MINUTE_S, "min"),
    ("p90_wait_s", "P90 wait", 1 / MINUTE_S, "min"),
    ("unmatched_share", "Unmatched", 100.0, "points"),
)
RUN_HEADERS = (
    "Rules",
    "Requests",
    "Served",
    "Unmatched",
    "Cancelled",
    "Mean wait",
    "P50",
    "P90",
    "To the offer",
    "Way",
    "Earned an hour, P10",
    "P50",
    "P90",
    "Gini",
)
BAR_PX = 240  # of an interval


def panel(trial: Trial) -> dict[str, Any]:
    """Return the context of `admin/trial.html`."""
    if trial.status != TrialStatus.DONE:
        busy = trial.status in (TrialStatus.WAITING, TrialStatus.RUNNING)
        return {"busy": busy, "stages": _stages(trial), "failure": trial.get_failure_display()}
    result = trial.result
    fidelity, zones = result["fidelity"], result["zones"]
    return {
        "warnings": result["warnings"],
        "assigned": f"{100 * fidelity['assigned']:.1f}%" if fidelity["assigned"] is not None else NOTHING,
        "wait": f"{fidelity['wait']:.3f}" if fidelity["wait"] is not None else NOTHING,
        "runs": {"headers": list(RUN_HEADERS), "rows": [_run(run, trial.region.currency) for run in result["runs"]]},
        "differences": _differences(result["runs"][-1]["differences"]),
        "map": zone_map(trial.region.boundary, zones) if zones else None,
        "names": [run["name"] for run in result["runs"]],
        "zones": {"headers": _zone_headers(result), "rows": [_zone(zone) for zone in zones]},
        "values": {"times": _times(trial), "zones": [zone["runs"] for zone in zones]},
        "last": result["half_hours"],
    }


def csv_of(trial: Trial) -> Iterator[str]:
    """Yield the lines of a CSV file: each zone and half hour under each rules. What is hidden is left out."""
    yield csv_row(["south", "west", "half_hour", "rules", "requests", "mean_wait_s", "unmatched_share"])
    times = _times(trial)
    for zone in trial.result["zones"]:
        for run, cells in zip(trial.result["runs"], zone["runs"], strict=True):
            for at, cell in zip(times, cells, strict=True):
                if cell is not None:
                    yield csv_row([round(zone["south"], 3), round(zone["west"], 3), at, run["name"], *cell])


def _stages(trial: Trial) -> list[tuple[str, bool]]:
    """Return the stages of a run in order, each with whether it is the present one."""
    return [(str(stage.label), stage == trial.stage) for stage in Stage]


def _minutes(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds / MINUTE_S:.1f} min"


def _run(run: dict[str, Any], currency: str) -> list[str]:
    own = run["figures"]
    counts = [str(own[name]) for name in ("requests", "served", "unmatched", "cancelled")]
    waits = [_minutes(own[name]) for name in ("mean_wait_s", "p50_wait_s", "p90_wait_s", "mean_offer_s")]
    way = NOTHING if own["mean_way_m"] is None else f"{own['mean_way_m']:.0f} m"
    earned = [own[name] for name in ("earned_p10", "earned_p50", "earned_p90")]
    gini = NOTHING if own["gini"] is None else f"{own['gini']:.3f}"
    amounts = [NOTHING if each is None else amount_text(round(each), currency) for each in earned]
    return [run["name"], *counts, *waits, way, *amounts, gini]


def _differences(found: dict[str, dict[str, float | None]]) -> list[dict[str, Any]]:
    """Return the differences from the rules in force with their intervals, on a scale around zero."""
    shown: list[dict[str, Any]] = []
    for name, title, factor, unit in MEASURES:
        value, low, high = (found[name][end] for end in ("value", "low", "high"))
        if value is None or low is None or high is None:
            shown.append({"title": title, "text": NOTHING, "bar": None})
            continue
        text = f"{value * factor:+.2f} {unit}, 95% {low * factor:+.2f} to {high * factor:+.2f}"
        shown.append({"title": title, "text": text, "bar": _bar(value, low, high)})
    return shown


def _bar(value: float, low: float, high: float) -> dict[str, str]:
    most = max(abs(low), abs(high), abs(value)) or 1.0

    def x(at: float) -> float:
        return BAR_PX / 2 * (1 + 0.95 * at / most)

    return {
        "zero": f"{BAR_PX / 2:.0f}",
        "x": f"{x(low):.1f}",
        "width": f"{x(high) - x(low):.1f}",
        "at": f"{x(value):.1f}",
    }


def _zone_headers(result: dict[str, Any]) -> list[str]:
    names = [run["name"] for run in result["runs"]]
    return ["Zone", "Requests", *(f"{what}, {name}" for name in names for what in ("Mean wait", "Unmatched"))]


def _zone(zone: dict[str, Any]) -> list[str]:
    days = [cells[0] for cells in zone["runs"]]
    figures = [text for _, wait_s, unmatched in days for text in (_minutes(wait_s), f"{100 * unmatched:.1f}%")]
    return [name_of(zone), str(days[0][0]), *figures]


def _times(trial: Trial) -> list[str]:
    """Return the name of each place of the slider: the day, then the beginning of each half hour on the wall."""
    zone = ZoneInfo(trial.region.time_zone)
    begins = midnight(trial.day, zone)
    numbers = range(trial.result["half_hours"])
    return ["All day", *(f"{(begins + number * HALF_HOUR).astimezone(zone):%H:%M}" for number in numbers)]
