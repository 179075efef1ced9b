"""`python -m bench.size`: the time of SQL of every address of users and partners on years of cheers, and of the audit.

With `--staff`: the time and statements of every list and page of staff instead.

It makes a history of a million requests, with three million offers, a million rides and thirty million steps, in a
PostgreSQL of its own. `--database` names one that has such a history already.
"""

import argparse
import os
import time
from importlib import import_module
from pathlib import Path

from django.core.management import call_command

from bench import surroundings
from bench.measuring import machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--database", metavar="URL", help="a migrated database with a made-up history")
    parser.add_argument("--accounts", type=int, default=20, help="of each kind, the five busiest among them")
    parser.add_argument("--staff", action="store_true", help="the addresses of staff instead of users and partners")
    parser.add_argument("--audit", action="store_true", help="audit it, too")
    options = parser.parse_args()
    print(f"bench.size: what the size of a history costs. {machine()}.")
    with surroundings.folder() as inside:
        if options.database:
            _measure(inside, options.database, options)
            return
        with surroundings.postgres(inside) as url:
            _measure(inside, url, options)


def _measure(inside: Path, url: str, options: argparse.Namespace) -> None:
    os.environ["DATABASE_URL"] = url
    with surroundings.valkey(inside):
        if not options.database:
            call_command("migrate", verbosity=0)
            begun = time.monotonic()
            call_command("make_history", requests=options.requests)
            print(f"{options.requests:,} requests made in {time.monotonic() - begun:,.0f} s")
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        if options.staff:
            import_module("bench.staff_lists").carry_out()
        else:
            import_module("bench.size_runs").carry_out(options.accounts)
        if options.audit:
            begun = time.monotonic()
            call_command("audit")
            print(f"audited in {time.monotonic() - begun:,.0f} s")


if __name__ == "__main__":
    main()
