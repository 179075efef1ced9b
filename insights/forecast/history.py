"""Past demand as an array: requests by H3 cell, local day and half hour."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import h3
import numpy as np
from numpy.typing import NDArray

from insights.forecast.weather import Weather

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HALF_HOURS = 48  # a day; the hour that a change of the clock adds or skips is counted with its namesake or empty
SUNDAY = 6
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class History:
    """Counts of shape (cells, days, 48) from the local day `first` on; `holidays` and `weather` are of local days."""

    cells: tuple[str, ...]
    first: date
    counts: Floats
    holidays: frozenset[date] = frozenset()
    weather: Weather = field(default_factory=Weather)

    @property
    def days(self) -> int:
        """How many days the history has."""
        return int(self.counts.shape[1])

    @property
    def off(self) -> Flags:
        """Whether each day is a holiday, of shape (days,)."""
        days = (np.datetime64(self.first) + np.arange(self.days)).tolist()
        return np.array([day in self.holidays for day in days], bool)

    @property
    def kinds(self) -> Ints:
        """The kind of each day, of shape (days,): 0 Monday to 6 Sunday; a holiday counts as a Sunday."""
        return np.where(self.off, SUNDAY, (self.first.weekday() + np.arange(self.days)) % 7)

    @property
    def recorded(self) -> Flags:
        """Whether each day has any request at all, of shape (days,); a day without is no evidence of what is usual."""
        return any_request(self.counts)

    def dates(self, days: Ints) -> list[date]:
        """The dates of days by their indices."""
        return [self.first + timedelta(days=day) for day in days.tolist()]

    def day(self, when: date) -> int:
        """The index of a day, which may lie outside the history."""
        return (when - self.first).days

    def slots(self, minutes: int) -> Floats:
        """Counts of shape (cells, days, slots a day) in slots of 30, 60 or another multiple of 30 minutes."""
        return np.asarray(self.counts.reshape(len(self.cells), self.days, -1, minutes // 30).sum(3))

    def padded(self, days: int) -> "History":
        """The same history with so many more days that have no requests yet."""
        return replace(self, counts=np.pad(self.counts, ((0, 0), (0, days), (0, 0))))

    def shifted(self, minutes: int) -> "History":
        """The same history with days that begin so many minutes after midnight; half hours are divided."""
        whole, part = divmod(minutes, 30)
        flat = np.pad(self.counts.reshape(len(self.cells), -1), ((0, 0), (0, whole + 1)))
        end, share = self.days * HALF_HOURS, part / 30
        moved = (1 - share) * flat[:, whole : whole + end] + share * flat[:, whole + 1 : whole + 1 + end]
        return replace(self, counts=moved.reshape(self.counts.shape))

    def only(self, chosen: Flags) -> "History":
        """The same days with the chosen cells only."""
        cells = tuple(cell for cell, keep in zip(self.cells, chosen, strict=True) if keep)
        return replace(self, cells=cells, counts=self.counts[chosen])

    def until(self, day: int) -> "History":
        """The days before day `day`."""
        return replace(self, counts=self.counts[:, :day])

    def busy(self, least_a_day: float, before: int) -> "History":
        """Keep the cells with at least this many requests a day on average over the days before day `before`."""
        return self.only(self.counts[:, :before].sum((1, 2)) >= least_a_day * self.recorded[:before].sum())


def any_request(counts: Floats) -> Flags:
    """Whether each day has any request, of shape (days,), given counts of shape (cells, days, slots)."""
    return np.asarray(counts.any((0, 2)), bool)


def cells_of(lats: Floats, lngs: Floats, resolution: int) -> list[str]:
    """The H3 cell of each place, in degrees."""
    return [h3.latlng_to_cell(lat, lng, resolution) for lat, lng in zip(lats.tolist(), lngs.tolist(), strict=True)]


def history_of(
    times: NDArray[np.datetime64], cells: Sequence[str], *, holidays: Collection[date] = (), last: date | None = None
) -> History:
    """Count requests, given by local time and cell, from the first one's day to `last` (the last one's day if None).

    Raises:
        ValueError: There are no requests.

    """
    if not len(cells):
        raise ValueError("no requests to count")
    minutes = times.astype("datetime64[m]")
    days = minutes.astype("datetime64[D]")
    first, end = days.min(), np.datetime64(last) if last else days.max()
    names, which = np.unique(np.array(cells), return_inverse=True)
    counts = np.zeros((names.size, int((end - first) / DAY) + 1, HALF_HOURS))
    within = days <= end
    day = ((days - first) / DAY).astype(int)
    half_hour = ((minutes - days) / np.timedelta64(30, "m")).astype(int)
    np.add.at(counts, (which[within], day[within], half_hour[within]), 1.0)
    return History(tuple(names.tolist()), first.item(), counts, frozenset(holidays))
