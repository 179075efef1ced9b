"""Arrival times that learn, against the constants, on simulated rides.

    python -m bench.arrival [--rides 500,2000,10000] [--days 56] [--seeds 5]

The rides are of a city with daily traffic that no contender knows the shape of: slow on working mornings and evenings,
slower on some days than on others, faster along longer ways, with time to set off, and noise. Each contender learns
from the older three quarters of the rides and is judged by the newer quarter.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from bench.measuring import machine
from insights.arrival.backtest import Backtest, judge, split
from insights.arrival.factors import HIGH, MEDIAN, band_of, learn, spread
from insights.arrival.rides import NEAREST_M, Floats, Rides

Estimates = tuple[Floats, Floats]  # P50 and P90 of each ride, in seconds
Contender = Callable[[Rides, Rides], Estimates]  # (learnt from, tried on)

FREE_M_PER_S = 30 / 3.6  # through streets at night, for a way of a kilometre
STREETS = (1.3, 0.08)  # length through streets over the straight line: median, spread of the logarithm
SET_OFF_S = (45.0, 0.5)  # median, spread of the logarithm
LONGER_IS_FASTER = 0.15  # speed grows with this power of the distance
DAY_SPREAD, RAIN_SHARE, RAIN = 0.06, 0.12, 1.25
NOISE = 0.20
HOURS_ASKED = np.array([2, 1, 1, 1, 1, 1, 2, 4, 6, 5, 4, 5, 7, 6, 5, 5, 6, 8, 10, 10, 9, 8, 6, 4], dtype=float)


def slowness(hour: Floats, weekend: Floats) -> Floats:
    """How much longer than at night a way takes, by local hour."""
    morning = 0.9 * np.exp(-(((hour - 8.5) / 1.2) ** 2))
    evening = 1.3 * np.exp(-(((hour - 17.5) / 1.8) ** 2))
    midday = 0.5 * np.exp(-(((hour - 13.0) / 4.0) ** 2))
    return 1 + np.where(weekend > 0, 1.2 * midday, morning + evening + midday)


def simulated(count: int, *, days: int, seed: int) -> Rides:
    """Draw rides, oldest first."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, days, count))
    hour = rng.choice(24, count, p=HOURS_ASKED / HOURS_ASKED.sum()) + rng.random(count)
    weekend = day % 7 >= 5
    distance_m = np.clip(np.exp(rng.normal(np.log(1200), 0.8, count)), NEAREST_M, 10_000)
    days_own = np.exp(rng.normal(0, DAY_SPREAD, days)) * np.where(rng.random(days) < RAIN_SHARE, RAIN, 1.0)
    way_m = distance_m * STREETS[0] * np.exp(rng.normal(0, STREETS[1], count))
    speed = FREE_M_PER_S * (distance_m / 1000) ** LONGER_IS_FASTER
    noise = np.exp(rng.normal(0, NOISE, count))
    driven_s = way_m / speed * slowness(hour, weekend.astype(float)) * days_own[day] * noise
    took_s = SET_OFF_S[0] * np.exp(rng.normal(0, SET_OFF_S[1], count)) + driven_s
    return Rides(distance_m, hour, weekend, took_s)


# ---------------------------------------------------------------- contenders


def constants(older: Rides, newer: Rides) -> Estimates:
    """20 km/h and 1.3 times the straight line; it knows no P90."""
    return newer.constant_s, np.full(len(newer), np.nan)


def one_factor(older: Rides, newer: Rides) -> Estimates:
    """One factor for the whole region, at all hours."""
    factors = spread(older.took_s / older.constant_s)
    return newer.constant_s * factors[MEDIAN], newer.constant_s * factors[HIGH]


def cells(older: Rides, newer: Rides) -> Estimates:
    """The quantiles of each band of distance and hour, drawn to the region's as if ten of its rides had them."""
    over, whole = older.took_s / older.constant_s, spread(older.took_s / older.constant_s)
    kept: dict[tuple[int, int, bool], Floats] = {}
    mine = list(zip(band_of(older.distance_m), older.hour.astype(int), older.weekend, strict=True))
    rows: dict[tuple[int, int, bool], list[float]] = {}
    for key, ratio in zip(mine, over, strict=True):
        rows.setdefault(key, []).append(ratio)
    for key, ratios in rows.items():
        share = len(ratios) / (len(ratios) + 10)
        kept[key] = np.exp(share * np.log(spread(np.array(ratios))) + (1 - share) * np.log(whole))
    keys = zip(band_of(newer.distance_m), newer.hour.astype(int), newer.weekend, strict=True)
    factors = np.array([kept.get(key, whole) for key in keys])
    return newer.constant_s * factors[:, MEDIAN], newer.constant_s * factors[:, HIGH]


def ours(older: Rides, newer: Rides) -> Estimates:
    """Distance plus hour, by least absolute deviations, with a conformal spread: `insights/arrival/factors.py`."""
    return learn(older).estimates_s(newer)


CONTENDERS: dict[str, Contender] = {
    "constants": constants,
    "one factor": one_factor,
    "bands × hours": cells,
    "ours": ours,
}
COLUMNS = ("mean absolute error", "against the constants", "P90 covers", "least…most", "learnt in")


def row(name: str, judged: list[Backtest], took_s: list[float]) -> str:
    """One line of the table: medians over the seeds, and the range of what the P90 covers."""
    less = median(each.mae_s / each.constants_mae_s - 1 for each in judged)
    covers = [100 * each.p90_covers for each in judged]
    known = name != "constants"
    said = (
        f"{median(each.mae_s for each in judged):.0f} s",
        f"{100 * less:+.0f}%",
        f"{median(covers):.1f}%" if known else "–",
        f"{min(covers):.1f}…{max(covers):.1f}%" if known else "–",
        f"{1000 * median(took_s):.0f} ms",
    )
    return f"| {name} | " + " | ".join(said) + " |"


def compare(count: int, *, days: int, seeds: int) -> list[str]:
    """The table's lines for one number of rides."""
    lines = []
    for name, contender in CONTENDERS.items():
        judged, took_s = [], []
        for seed in range(1, seeds + 1):
            older, newer = split(simulated(count, days=days, seed=seed))
            begun = time.perf_counter()
            estimates = contender(older, newer)
            took_s.append(time.perf_counter() - begun)
            judged.append(judge(newer, *estimates))
        lines.append(row(name, judged, took_s))
    return lines


def main() -> None:
    """Print a table for each number of rides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rides", default="500,2000,10000", help="how many, of one region")
    parser.add_argument("--days", type=int, default=56, help="in how many days")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    print(f"bench.arrival: {asked.days} days, {asked.seeds} seeds. {machine()}.")
    for count in map(int, asked.rides.split(",")):
        print(f"\n| {count} rides | " + " | ".join(COLUMNS) + " |\n|" + " --- |" * (len(COLUMNS) + 1))
        for line in compare(count, days=asked.days, seeds=asked.seeds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
