"""The measurements of `bench.search`. Import it after the settings are loaded."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan, nan

import redis

from bench.city import City
from bench.measuring import Timed, latencies, summary
from bench.rivals import FixedRadius, H3Rings, Ours, PostgisNearest, Rival

RUNS = 3
CALLS = 1500
PIPELINED = 64
ROUNDS = 12  # pipelines per run
AT_MOST_S = 4.0  # for each rival in each run


@dataclass
class Figures:
    """The figures of one rival at one size: single calls, and calls a second when pipelined."""

    single: Timed
    piped: float


@dataclass
class Field:
    """The rivals and their figures by size."""

    ours: Ours
    client: redis.Redis
    postgres: tuple[PostgisNearest, H3Rings] | None
    figures: dict[int, dict[str, Figures]] = field(default_factory=dict)

    def load(self, count: int) -> None:
        """Load the same partners into each rival, in place of earlier ones."""
        self.client.flushall()
        self.ours.load(City().partners(count))
        if self.postgres:
            self.postgres[0].load(City().partners(count))
            self.postgres[1].load(City().partners(count), count)

    def rivals(self) -> list[Rival]:
        return [self.ours, FixedRadius(self.client), *(self.postgres or ())]

    def measure(self, count: int) -> None:
        """Measure each rival in turn, several times over, so that a busy moment affects all of them."""
        rivals = self.rivals()
        check(rivals)
        for rival in rivals:
            latencies(rival.one, City(seed=99).places(CALLS), at_most_s=AT_MOST_S / 2)
        taken: dict[str, list[list[float]]] = {rival.name: [] for rival in rivals}
        piped: dict[str, list[float]] = {rival.name: [] for rival in rivals}
        for run in range(RUNS):
            places = City(seed=run + 2).places(CALLS)
            batches = [places[i : i + PIPELINED] for i in range(0, PIPELINED * ROUNDS, PIPELINED)]
            for rival in rivals:
                singles = latencies(rival.one, places, at_most_s=AT_MOST_S)
                taken[rival.name].append(singles)
                if statistics.median(singles) * PIPELINED < AT_MOST_S:  # else it would take minutes
                    times = latencies(rival.many, batches, at_most_s=AT_MOST_S)
                    piped[rival.name].append(PIPELINED * len(times) / sum(times))
        self.figures[count] = {
            rival.name: Figures(summary(taken[rival.name]), statistics.median(piped[rival.name] or [nan]))
            for rival in rivals
        }


def check(rivals: Sequence[Rival]) -> None:
    """Check that our search and H3's agree; PostGIS sorts by degrees and may differ in the last partners."""
    for place in City(seed=5).places(20):
        found = [set(rival.one(place)) for rival in rivals if not isinstance(rival, FixedRadius | PostgisNearest)]
        if any(len(found[0] ^ other) > 2 for other in found[1:]):
            raise AssertionError(f"the searches disagree at {place}")


def show(figures: dict[int, dict[str, Figures]]) -> None:
    """Print the table, and the ratios to ours."""
    print(f"\n{'partners':>9}  {'search':24} {'p50':>12} {'p99':>13} {'single':>13} {'by 64':>12} {'ours is':>9}")
    for count, by_name in figures.items():
        ours = by_name[Ours.name].single.rate
        for name, shown in by_name.items():
            piped = "too slow" if isnan(shown.piped) else f"{shown.piped:,.0f}/s"
            ratio = "" if name == Ours.name else f"{ours / shown.single.rate:7.1f} ×"
            print(f"{count:9,}  {name:24} {shown.single} {piped:>12} {ratio:>9}")
    sizes = sorted(figures)
    growth = figures[sizes[-1]][Ours.name].single.p50 / figures[sizes[0]][Ours.name].single.p50
    print(f"\nOurs, p50 at {sizes[-1]:,} partners: {growth:.2f} × that at {sizes[0]:,}.")


def floor(client: redis.Redis) -> Timed:
    """Measure a round trip to Valkey that does nothing."""
    return summary([latencies(lambda _: client.ping(), range(CALLS)) for _ in range(RUNS)])


def carry_out(client: redis.Redis, postgres_url: str | None, sizes: Sequence[int]) -> None:
    """Measure at each size, with PostgreSQL's searches if it has a URL, then print the table."""
    rows = (PostgisNearest(postgres_url), H3Rings(postgres_url)) if postgres_url else None
    rivals = Field(Ours(), client, rows)
    print(f"Medians of {RUNS} runs. Floor: PING {floor(rivals.client)}")
    for count in sizes:
        begun = time.perf_counter()
        rivals.load(count)
        print(f"{count:,} partners loaded in {time.perf_counter() - begun:.0f} s", flush=True)
        rivals.measure(count)
    show(rivals.figures)
