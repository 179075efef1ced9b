"""The policy sandbox: how fast it replays a day, and how well it repeats one that the real services carried out.

    python -m bench.sandbox [--requests 10000 --partners 150,300] [--record 400 --partners-recorded 36 --hours 5]
                            [--seed 1]

The first part replays a made-up day of 24 hours for each number of partners. The second carries out a day by the real
services in this process, on SQLite and a Valkey of its own, with a simulated clock. It prints the share of the recorded
assignments that a replay under the rules in force repeats, and its mean wait by the recorded one, with the distances
that decisions have kept and with places alone. Then the same people go through the same day under other rules by the
real services, which shows how near the sandbox's answer is to what these rules would have done. `--record 0` leaves the
second part out.
"""

import argparse
import os
import time
from contextlib import ExitStack
from importlib import import_module
from math import inf

import numpy as np

from bench import surroundings
from bench.city import City
from bench.measuring import machine
from insights.sandbox.replay import Replay
from insights.sandbox.world import NOBODY, Answer, Conditions, Day, End, Matcher, Reply, Requests, Span, online
from regions.geometry import S_PER_M

DAY_S = 86_400.0
MATCHER = Matcher(20, 200, 5, 100, 2000, 50, 5.0, 1.0, 30.0, 120.0)
GIVEN = Conditions((2000, 5000, 10000), 20.0, 600.0, 180 / S_PER_M)
ANSWERS = [Answer(Reply.ACCEPT, 6.0)] * 17 + [Answer(Reply.DECLINE, 8.0)] * 2 + [Answer(Reply.NONE, inf)]


def made_up(requests: int, partners: int, *, seed: int) -> Day:
    """Make up a day in the simulated city, with all partners online from its beginning to its end."""
    rng, city = np.random.default_rng(seed), City(seed)
    created_s = np.sort(rng.uniform(0, DAY_S, requests))
    lat, lng = np.array(city.places(requests)).T
    spans = [Span(number, 0.0, inf) for number in range(partners)]
    return Day(
        begins_s=0.0,
        ends_s=DAY_S,
        requests=Requests(
            created_s=created_s,
            ready_s=created_s,
            lat=lat,
            lng=lng,
            kind=np.zeros(requests, np.int64),
            partner=np.full(requests, NOBODY),
            leaves_s=np.where(rng.random(requests) < 0.3, rng.exponential(600, requests), inf),
            regrets_s=np.full(requests, inf),
            before_s=np.full(requests, 30.0),
            session_s=rng.lognormal(np.log(600), 0.4, requests),
        ),
        spans=spans,
        steps=[],
        places={(each.partner, online(each.partner)): [(0.0, *city.place())] for each in spans},
        sights={},
        looks={},
        answers={},
        usual_answers=ANSWERS,
        fits=np.ones((1, partners), bool),
        restricted=np.zeros(1, bool),
        conditions=[(0.0, GIVEN)],
    )


def speed(requests: int, partners: int, *, seed: int) -> str:
    """Replay a made-up day and return a line with the time that it took."""
    day = made_up(requests, partners, seed=seed)
    begun = time.perf_counter(), time.process_time()
    outcome = Replay(day, MATCHER, seed=seed).run()
    wall_s, cpu_s = time.perf_counter() - begun[0], time.process_time() - begun[1]
    served = float((outcome.end == End.SERVED).mean())
    return (
        f"{requests:8,} requests, {partners:4} partners: {wall_s:6.1f} s ({cpu_s:.1f} s of CPU), {served:.1%} served, "
        f"{len(outcome.offers):,} offers, mean wait {np.nanmean(outcome.arrived_s) / 60:.1f} min"
    )


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000, help="of a made-up day")
    parser.add_argument("--partners", default="150,300", help="of made-up days")
    parser.add_argument("--record", type=int, default=400, help="requests that the real services carry out")
    parser.add_argument("--partners-recorded", type=int, default=36, help="who serve them")
    parser.add_argument("--hours", type=float, default=5.0, help="in which they are made")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    for partners in options.partners.split(","):
        print(speed(options.requests, int(partners), seed=options.seed), flush=True)
    if options.record:
        os.environ.pop("DATABASE_URL", None)  # tables are emptied: those of the folder, whatever else is configured
        with ExitStack() as stack:
            stack.enter_context(surroundings.valkey(stack.enter_context(surroundings.folder())))
            # Imported late: it imports models, and the settings read the environment when they are loaded.
            import_module("bench.sandbox_runs").carry_out(options)


if __name__ == "__main__":
    main()
