"""Reads of what was learnt, cached briefly in each process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.recent import Recent
from insights.arrival.factors import MEDIAN, Factors
from insights.arrival.history import local_time
from insights.arrival.models import ArrivalTable
from insights.arrival.waits import EVERYWHERE, cell_of
from regions.geometry import S_PER_M
from regions.models import Region

KEPT_S = 60.0
UNDER_WAY_M = 3000.0  # a way on which setting off matters little, as it does for somebody who is under way


@dataclass(frozen=True, slots=True)
class Learnt:
    """The knowledge of a region: `factors` is None where the constants hold, `recent` has figures by cell."""

    factors: Factors | None = None
    recent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def lately(self, lat: float, lng: float, name: str) -> Any:
        """Return a figure of the last weeks at a place, or of the whole region; None if neither is known."""
        for key in (cell_of(lat, lng), EVERYWHERE):
            value = self.recent.get(key, {}).get(name)
            if value is not None:
                return value
        return None


def _read() -> dict[UUID, Learnt]:
    rows = ArrivalTable.objects.filter(version__gt=0).only("factors", "recent")
    return {row.pk: Learnt(row.factors and Factors.from_json(row.factors), row.recent) for row in rows}


_tables = Recent(_read, kept_s=KEPT_S)
forget_tables = _tables.forget
_NOTHING = Learnt()


def learnt_of(region: Region) -> Learnt:
    """Return what was learnt of a region."""
    return _tables().get(region.pk, _NOTHING)


def slowness_of(region: Region, *, now: datetime) -> float:
    """Return how many times what the constants say somebody who is under way needs in a region now; 1 if not known."""
    factors = learnt_of(region).factors
    if factors is None:
        return 1.0
    hour, weekend = local_time(now, ZoneInfo(region.time_zone))
    return float(factors.quantiles_s(UNDER_WAY_M, hour, weekend=weekend)[MEDIAN]) / (UNDER_WAY_M * S_PER_M)
