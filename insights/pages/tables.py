"""A figure as a table: the one shape that its chart, its table, its CSV and its JSON are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from api.files import csv_row
from core.amounts import major

Cell = str | int | float | date | datetime | None
DIGITS = 4  # of a share or a mean
CLOCK = range(24)
MEDIAN, HIGH = 0.5, 0.9  # the shares of P50 and P90


class Unit(StrEnum):
    """The unit of the cells of a column. All but names may be None: hidden, or not known."""

    NAME = "name"
    DAY = "day"
    MOMENT = "moment"
    CLOCK = "clock"  # the hour of the day, 0 to 23
    WEEKDAY = "weekday"  # of ISO 8601, 1 is Monday
    DEGREES = "degrees"  # of WGS 84
    COUNT = "count"
    MEAN = "mean"
    SHARE = "share"  # 0 to 1
    SECONDS = "seconds"
    HOURS = "hours"
    MINOR = "minor"  # minor units of the currency in the column `currency`


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `key` names it in JSON and CSV."""

    key: str
    unit: Unit


@dataclass(slots=True)
class Table:
    """Rows of cells in the order of the columns. `hidden`: rows whose figures are not told, and are None."""

    columns: Sequence[Column]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    hidden: int = 0

    def add(self, names: Sequence[Cell], figures: Sequence[Cell] | None) -> None:
        """Add a row: the cells that say what it is about, and its figures, or None to hide them."""
        if figures is None:
            figures = [None] * (len(self.columns) - len(names))
            self.hidden += 1
        self.rows.append((*names, *figures))

    def body(self) -> dict[str, Any]:
        """Return the JSON of this table."""
        return {
            "columns": [{"key": column.key, "unit": column.unit.value} for column in self.columns],
            "rows": [[_plain(cell) for cell in row] for row in self.rows],
            "hidden": self.hidden,
        }

    def csv(self) -> Iterator[str]:
        """Return the lines of a CSV file. Amounts are in units of their currency, with a decimal point."""
        units = [column.unit for column in self.columns]
        keys = [column.key for column in self.columns]
        yield csv_row(keys)
        for row in self.rows:
            currency = str(row[keys.index("currency")]) if "currency" in keys else ""
            yield csv_row(_printed(cell, unit, currency) for cell, unit in zip(row, units, strict=True))


def columns(**units: Unit) -> tuple[Column, ...]:
    """Return columns by their keys."""
    return tuple(Column(key, unit) for key, unit in units.items())


def camel(name: str) -> str:
    """Return the name of a column of facts as the API writes it: to_offer is toOffer."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def share(part: int | float, whole: int | float) -> float | None:
    """Return a part of a whole, or a mean; None of nothing."""
    return round(part / whole, DIGITS) if whole else None


def whole_seconds(seconds: float | None) -> int | None:
    """Return a wait in whole seconds; None stays None."""
    return None if seconds is None else round(seconds)


def _plain(cell: Cell) -> Cell:
    return cell.isoformat() if isinstance(cell, date) else cell


def _printed(cell: Cell, unit: Unit, currency: str) -> Cell:
    if unit == Unit.MINOR and cell is not None:
        return f"{major(int(str(cell)), currency):f}"
    return _plain(cell)
