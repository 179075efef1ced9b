"""The forecast of demand on real pickups, on days it hadn't seen, beside simple forecasts and the noise floor.

    python -m bench.forecast --data FILE [--data FILE ...] --test-from 2014-07-01 --test-to 2014-07-31
        [--least 2] [--box S,W,N,E] [--resolution 7] [--minutes 60] [--holidays US] [--weather CSV]

FILE is a CSV, gzipped or not, with the columns t (local time to the minute), lat, lng. Both days are tested. Cells are
those of the box with at least `--least` pickups a day over the days before the test, so that the test has no say
in them. The forecast of the next hour knows all before that hour; that of the next day all before its midnight. Models
are trained anew every week on the days before. WAPE is over cell-hours, in %: sum|pickups - forecast| / sum(pickups).
The noise floor is the WAPE to expect if pickups are Poisson and each cell-hour's rate is known (our forecast of the
next hour stands for it): once with the rate as the forecast, once with the median, which misses by less. The pinball
loss is the P90's, in pickups a cell-hour. A file of weather has the column day and a column for each figure; it is
known for days to come, too, as if it had been foreseen rightly.
"""

import argparse
import csv
import gzip
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.forecast.backtest import Floor, Walk, floor, historic_mean, naive, score, seasonal_naive, walk, wape
from insights.forecast.features import Horizon
from insights.forecast.history import Floats, History, cells_of, history_of
from insights.forecast.weather import read_weather
from regions.days_off import days_off

BOX = "40.68,-74.03,40.82,-73.92"
HEAD = "| {} | WAPE | / floor | P90 pinball | P10–P90 covers | whole counts in P10–P90 |\n|" + " --- |" * 6


def read(paths: list[Path], box: tuple[float, ...]) -> tuple[NDArray[np.datetime64], Floats, Floats]:
    """Local times, latitudes and longitudes of the pickups inside the box, of all files together."""
    south, west, north, east = box
    times, lats, lngs = [], [], []
    for path in paths:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            for row in csv.DictReader(lines):
                lat, lng = float(row["lat"]), float(row["lng"])
                if south <= lat <= north and west <= lng <= east:
                    times.append(row["t"])
                    lats.append(lat)
                    lngs.append(lng)
    return np.array(times, "datetime64[m]"), np.array(lats), np.array(lngs)


def last_day(text: str) -> date:
    """The last day of a span: the day itself, or, given with a time, the one that ends at or after it."""
    return (datetime.fromisoformat(text) - timedelta(minutes=1 if "T" in text else 0)).date()


def row(name: str, *cells: str) -> str:
    """A line of the table."""
    return f"| {name} | " + " | ".join(cells + ("",) * (5 - len(cells))) + " |"


def table(title: str, counts: Floats, peers: dict[str, Floats], found: Walk, least: Floor) -> list[str]:
    """The lines for one horizon: peers, the floor, ours."""
    rate, median = least.mean_wape, least.median_wape
    ours = score(counts, found)
    lines = [HEAD.format(title)]
    lines += [row(name, f"{(at := wape(counts, said)):.1f}", f"{at / rate:.3f}") for name, said in peers.items()]
    lines += [
        row("noise floor, saying the rate", f"{rate:.1f}", "1.000"),
        row("noise floor, saying the median", f"{median:.1f}", f"{median / rate:.3f}", f"{least.pinball:.4f}"),
    ]
    quality = f"{ours.pinball:.4f}", f"{ours.covers:.1f}%", f"{ours.covers_whole:.1f}%"
    lines += [row("ours, saying the mean", f"{ours.mean_wape:.1f}", f"{ours.mean_wape / rate:.3f}")]
    against = f"{ours.median_wape / rate:.3f} (to its own {ours.median_wape / median:.3f})"
    return [*lines, row("**ours, P50**", f"**{ours.median_wape:.1f}**", against, *quality)]


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--test-from", type=lambda text: datetime.fromisoformat(text).date(), required=True)
    parser.add_argument("--test-to", type=last_day, required=True)
    parser.add_argument("--least", type=float, default=2.0, help="pickups a day that a cell must have")
    parser.add_argument("--box", default=BOX, help="south,west,north,east in degrees")
    parser.add_argument("--resolution", type=int, default=7)
    parser.add_argument("--minutes", type=int, default=60, choices=(30, 60))
    parser.add_argument("--holidays", default="US", help="the country whose holidays count as Sundays; empty for none")
    parser.add_argument("--weather", type=Path, help="a CSV with the columns day and any figures of it")
    return parser.parse_args()


def main() -> None:
    """Print a table for each horizon."""
    asked = arguments()
    times, lats, lngs = read(asked.data, tuple(float(part) for part in asked.box.split(",")))
    first, last = times.min().astype("datetime64[D]").item(), asked.test_to
    cells = cells_of(lats, lngs, asked.resolution)
    holidays = days_off(asked.holidays, "", range(first.year, last.year + 1))
    whole = history_of(times, cells, holidays=holidays, last=last)
    if asked.weather:
        whole = replace(whole, weather=read_weather(asked.weather.read_text().splitlines()))
    history: History = whole.busy(asked.least, whole.day(asked.test_from))
    days = np.arange(history.day(asked.test_from), history.days)
    counts = history.slots(asked.minutes)[:, days]
    volume = f"{counts.sum():.0f} pickups, {counts.mean():.2f} a cell and slot"
    print(f"{asked.test_from} to {last}: {len(history.cells)} cells, {volume}\n")
    found = {horizon: walk(history, days, horizon, asked.minutes) for horizon in Horizon}
    least = floor(found[Horizon.NEXT].means)
    peers = {
        "seasonal naive (a week before)": seasonal_naive(history, days, asked.minutes),
        "historic mean (weekday and hour)": historic_mean(history, days, asked.minutes),
    }
    latest = {"naive (the slot before)": naive(history, days, asked.minutes)}
    for horizon, title, beside in ((Horizon.NEXT, "next hour", latest | peers), (Horizon.DAY, "next day", peers)):
        print("\n".join(table(title, counts, beside, found[horizon], least)), flush=True)
        print()


if __name__ == "__main__":
    main()
