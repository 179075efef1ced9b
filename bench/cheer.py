"""Measures what a whole cheer costs on the running program: processor time, statements and write-ahead log.

    python -m bench.cheer [--cheers 200] [--pairs 4] [--http-workers 2]

A cheer is a request, its offer, accepting, arriving, starting and ending the session: HTTP calls with an
Idempotency-Key each, and a socket for both sides, which acknowledge what they get; the partner reports a position
before each step. The program runs in production shape on a PostgreSQL of its own that waits for the disk at each
commit, loaded with pg_stat_statements. The processor time and the statements of an idle program are measured first,
and subtracted. The floor is the same rows in tables with the same indexes, written by one psycopg connection in five
transactions. Clients and servers share the machine, so read processor time and counts, not seconds. Linux only.
"""

import argparse
import os
from contextlib import ExitStack
from importlib import import_module

from bench import surroundings
from bench.program import running_program
from testbed.postgres import OPTIONS


def main() -> None:
    """Parse the options, start the program, measure, and stop it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cheers", type=int, default=200, help="cheers that are counted")
    parser.add_argument("--pairs", type=int, default=4, help="users and partners with a cheer under way at a time")
    parser.add_argument("--http-workers", type=int, default=2, help="granian processes for HTTP")
    parser.add_argument("--idle-seconds", type=float, default=10.0, help="how long the idle program is measured")
    parser.add_argument("--top", type=int, default=0, help="also print so many of the most frequent statements")
    options = parser.parse_args()
    OPTIONS.update(
        {
            "shared_preload_libraries": "pg_stat_statements",
            "pg_stat_statements.track": "all",
            "checkpoint_timeout": "30min",  # none during the run, after which each page would be logged in full
        }
    )
    with ExitStack() as stack:
        folder = stack.enter_context(surroundings.folder())
        os.environ["DATABASE_URL"] = stack.enter_context(surroundings.postgres(folder, durable=True))
        # A session here lasts for a moment; in earnest it would be flagged.
        program = stack.enter_context(running_program(http_workers=options.http_workers, MIN_SESSION_S="0"))
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        import_module("bench.cheer_runs").carry_out(program, options)


if __name__ == "__main__":
    main()
