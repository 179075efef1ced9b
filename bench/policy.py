"""The matching policy on real pickups: waits against simpler policies and against a bound that knows the future.

    python -m bench.policy --data FILE --from 2014-05-02T17:00 --to 2014-05-02T21:00 [--seed N] [--seeds 5]
        [--supply scarce,balanced,plentiful] [--box S,W,N,E] [--ablation] [--no-bound]
        [--positioning [--compliance 0.3,0.6,1]] [--fairness]

FILE is a gzipped CSV with the columns t (local time to the minute), lat, lng. The window may be given several times
(`--from A --to B --from C --to D`); medians are over all windows and seeds. Waits are in minutes; an
unmatched request counts as 15 in the generalised wait. Ratios are to nearest-waiting in the same run.

With `--positioning`, shares of the free partners follow advice on where to wait, and ratios are to ours without advice;
the last column is the extra way in km through streets, an hour and partner who follows. With `--fairness`, the tables
show who pays: requests, unmatched and P90 wait by how far the nearest three partners are, and zones against the peer.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from bench.fairness import fairness
from bench.policies import ABLATION, REMOTE, bound, fifo_nearest, nearest_waiting, ours
from bench.positioning import advised
from bench.replay import Case, Pickups, Result, make_case, replay

LOADS = {"scarce": 1.15, "balanced": 0.95, "plentiful": 0.70}
PEER = "nearest-waiting"
COLUMNS = ("wait", "p95", "unmatched", "generalised", "ratio", "least…most", "Δ unmatched")
WAY = "way"
FAIRNESS = ("partners are within", "requests", "unmatched", "P90")
Contender = Callable[[Case], Result]


def contenders(*, ablation: bool, with_bound: bool) -> dict[str, Contender]:
    """The contenders by name, the peer first."""
    policies = {PEER: nearest_waiting, "FIFO-nearest": fifo_nearest, "ours": ours()}
    if ablation:
        policies = {PEER: nearest_waiting, **ABLATION}
    runs: dict[str, Contender] = {name: lambda case, p=p: replay(case, p) for name, p in policies.items()}  # type: ignore[misc]
    return {**runs, "bound (knows the future)": bound} if with_bound else runs


def row(name: str, results: list[Result], peers: list[Result], *, way: bool = False) -> str:
    """One line of the table: medians, the ratio's range, percentage points more unmatched than the peer, the way."""
    ratios = [r.generalised / p.generalised for r, p in zip(results, peers, strict=True)]
    more = median(100 * (r.unmatched - p.unmatched) for r, p in zip(results, peers, strict=True))
    cells = (
        f"{median(r.mean_wait for r in results):.2f}",
        f"{median(r.p95_wait for r in results):.1f}",
        f"{100 * median(r.unmatched for r in results):.1f}%",
        f"{median(r.generalised for r in results):.2f}",
        f"{median(ratios):.3f}",
        f"{min(ratios):.3f}…{max(ratios):.3f}",
        f"{more:+.1f}",
    )
    ways = (f"{median(r.way_km for r in results):.1f}",) if way else ()
    return f"| {name} | " + " | ".join(cells + ways) + " |"


def compare(cases: list[Case], runs: dict[str, Contender], *, way: bool = False) -> Iterator[str]:
    """The table's lines for one supply; the first contender is the peer of all."""
    peers: list[Result] = []
    for name, run in runs.items():
        results = [run(case) for case in cases]
        peers = peers or results
        yield row(name, results, peers, way=way)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--from", dest="starts", action="append", required=True, metavar="TIME")
    parser.add_argument("--to", dest="ends", action="append", required=True, metavar="TIME")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=5, help="how many, for each window")
    parser.add_argument("--supply", default=",".join(LOADS), help="some of " + ",".join(LOADS))
    parser.add_argument("--box", help="south,west,north,east: only pickups inside, in degrees")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--ablation", action="store_true", help="what each ingredient brings, instead of the peers")
    instead.add_argument("--positioning", action="store_true", help="what advice on where to wait brings")
    instead.add_argument("--fairness", action="store_true", help="who pays, by zone and by how far partners are")
    parser.add_argument("--compliance", default="0.3,0.6,1", help="the shares of partners who follow advice")
    parser.add_argument("--no-bound", action="store_true", help="leave out the bound, which takes longest")
    return parser.parse_args()


def main() -> None:
    """Print a table for each supply."""
    asked = arguments()
    box = tuple(float(part) for part in asked.box.split(",")) if asked.box else None
    pickups = Pickups.read(asked.data, box)  # type: ignore[arg-type]
    if asked.positioning:
        runs = advised(pickups, [float(share) for share in asked.compliance.split(",")])
    else:
        runs = contenders(ablation=asked.ablation, with_bound=not asked.no_bound)
    columns = COLUMNS + (WAY,) * asked.positioning
    if asked.fairness:
        dials = {"ours": ours(), **REMOTE}
        columns, runs = FAIRNESS, {PEER: runs[PEER], **{name: lambda c, p=p: replay(c, p) for name, p in dials.items()}}  # type: ignore[misc]
    windows = list(zip(asked.starts, asked.ends, strict=True))
    seeds = range(asked.seed, asked.seed + asked.seeds)
    for supply in asked.supply.split(","):
        load = LOADS[supply]
        cases = [make_case(pickups, *window, load=load, seed=seed) for window in windows for seed in seeds]
        requests, partners = median(c.t.size for c in cases), median(c.start_x.size for c in cases)
        print(f"\n{supply} (load {load}): {requests:.0f} requests, {partners:.0f} partners, {len(cases)} runs\n")
        print(f"| {supply} | " + " | ".join(columns) + " |\n|" + " --- |" * (len(columns) + 1))
        lines = fairness(cases, runs) if asked.fairness else compare(cases, runs, way=asked.positioning)
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
