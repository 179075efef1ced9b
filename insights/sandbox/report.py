"""The result of trying rules on a recorded day."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from insights.sandbox.figures import Difference, Fidelity, Figures, as_json
from insights.sandbox.zones import ZoneFigures


@dataclass(frozen=True, slots=True)
class Tried:
    """One run: its figures, what differs from the rules in force, and each zone."""

    name: str
    figures: Figures
    differences: dict[str, Difference]
    zones: dict[str, tuple[int, float, float]]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of trying rules on a day: what was recorded, the rules in force again, and each variant."""

    region: str
    day: date
    seed: int
    fidelity: Fidelity
    runs: list[Tried]
    warnings: list[str]
    half_hours: int
    zones: list[ZoneFigures]  # in the order of the runs

    def as_json(self) -> dict[str, Any]:
        """Return it in the form of JSON."""
        runs = [
            {
                "name": each.name,
                "figures": as_json(asdict(each.figures)),
                "differences": {name: as_json(asdict(one)) for name, one in each.differences.items()},
                "zones": {
                    name: as_json({"requests": count, "mean_wait_s": wait_s, "unmatched_share": unmatched})
                    for name, (count, wait_s, unmatched) in each.zones.items()
                },
            }
            for each in self.runs
        ]
        said = {"region": self.region, "day": self.day.isoformat(), "seed": self.seed, "warnings": self.warnings}
        return {**said, "fidelity": as_json(asdict(self.fidelity)), "runs": runs}

    def as_result(self) -> dict[str, Any]:
        """Return what a trial keeps, in the form of JSON: places of fewer than five people are left out.

        `zones` has, for each zone, its `south`, `west` and `wide` in degrees, and `runs`: for each run a list of
        [requests, mean wait in seconds or None, share unmatched] or None, of the whole day first, then by half hour.
        """
        told = self.as_json()
        for run in told["runs"]:
            del run["zones"]
        zones = [{**each.zone._asdict(), "runs": each.runs} for each in self.zones]
        return {**told, "half_hours": self.half_hours, "zones": zones}
