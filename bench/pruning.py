"""Measures how many rows whose time is over the pruner deletes in a second, and how many cheers a second that allows.

    python -m bench.pruning [--cheers 20000] [--sweeps 2]

PostgreSQL is one of its own that waits for the disk at each commit. Before the measurement it has the events and the
stored answers of so many cheers, all too old, with the sizes that those of a cheer have. Each sweep's pruner runs in a
process of its own and rests as it does beside deadlines.
"""

import argparse
import os
from importlib import import_module

from bench import surroundings


def main() -> None:
    """Parse the options, start the database, and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cheers", type=int, default=20_000, help="cheers of which everything is too old")
    parser.add_argument("--sweeps", type=int, default=2, help="processes that prune")
    options = parser.parse_args()
    with surroundings.folder() as folder, surroundings.postgres(folder, durable=True) as url:
        os.environ["DATABASE_URL"] = url
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        import_module("bench.pruning_runs").carry_out(options)


if __name__ == "__main__":
    main()
