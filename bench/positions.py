"""`python -m bench.positions`: position updates a second from one process, against raw batches and against rows."""

import argparse
import os
from importlib import import_module

from bench import surroundings
from bench.measuring import machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partners", type=int, default=30_000)
    parser.add_argument("--updates", type=int, default=90_000, help="a run")
    options = parser.parse_args()
    print(f"bench.positions: updates a second from one process. {machine()}.")
    with surroundings.folder() as inside, surroundings.postgres(inside) as url:
        os.environ["DATABASE_URL"] = url
        with surroundings.valkey(inside) as client:
            # Imported late: it imports models, and the settings read the environment when they are loaded.
            import_module("bench.positions_runs").carry_out(client, options.partners, options.updates)


if __name__ == "__main__":
    main()
