"""Measures how long `/metrics` takes with few and with as many series as there may be, and the counts of the sweep.

    python -m bench.metrics [--requests 100000]

The database is a PostgreSQL of its own with a made-up history of so many requests, Valkey is another. `/metrics` is
called inside of this process, so the figures are those of the program without a server before it.
"""

import argparse
import os
import time
from importlib import import_module

from django.core.management import call_command

from bench import surroundings
from bench.measuring import machine


def main() -> None:
    """Parse the options, make the history, and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=100_000, help="each with three offers and a ride")
    options = parser.parse_args()
    print(f"bench.metrics: what scrapes and counts cost. {machine()}.")
    with surroundings.folder() as inside, surroundings.postgres(inside) as url:
        os.environ["DATABASE_URL"] = url
        with surroundings.valkey(inside):
            call_command("migrate", verbosity=0)
            begun = time.monotonic()
            call_command("make_history", requests=options.requests)
            print(f"{options.requests:,} requests made in {time.monotonic() - begun:,.0f} s")
            # Imported late: it imports models, and the settings read the environment when they are loaded.
            import_module("bench.metrics_runs").carry_out()


if __name__ == "__main__":
    main()
