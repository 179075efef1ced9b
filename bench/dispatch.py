"""Request → offer frame at the partner, over HTTP and sockets, on the running program.

    python -m bench.dispatch [--requests 200] [--rate 50 --partners 1000 --seconds 30] [--database postgres|sqlite]
                             [--http-workers 2] [--cards] [--staff-pages 50 --rounds 3]

The program runs on its own PostgreSQL that waits for the disk at each commit, on that of DATABASE_URL, or on SQLite.
Calls carry an Idempotency-Key, as those of first-party clients do. The quiet run makes one request at a time,
alternately with a key and without, to show the key's cost. The loaded run makes `--rate` requests a second, while
`--partners` connected partners each send a position every 4 s; server and client share this machine. The floor is a
Valkey round trip, one commit and one pushed frame, measured in the same run.

With `--staff-pages` the loaded run is made by turns without and with so many open staff pages, `--rounds` times each.

With `--cards` each fare is held on a saved card before the offer is made, at a stand-in of the provider on this
machine. The time of that call alone, sent by a bare client in the same run, stands beside ours.
"""

import argparse
import os
from contextlib import ExitStack
from importlib import import_module

from bench import provider, surroundings
from bench.program import running_program


def main() -> None:
    """Parse the options, start the program, measure, and stop it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200, help="requests of the quiet run, of each kind")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second under load")
    parser.add_argument("--partners", type=int, default=1000, help="connected partners under load; 0 leaves it out")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the loaded run")
    parser.add_argument(
        "--http-workers",
        type=int,
        default=2,
        help="granian processes for HTTP; 0: as on a laptop, one for all, in DEBUG",
    )
    parser.add_argument("--cards", action="store_true", help="hold each fare on a card, at the provider's stand-in")
    parser.add_argument("--staff-pages", type=int, default=0, help="open staff pages in every other loaded run")
    parser.add_argument("--rounds", type=int, default=3, help="loaded runs of each kind, with --staff-pages")
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="postgres")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.database == "postgres" and "DATABASE_URL" not in os.environ:
            folder = stack.enter_context(surroundings.folder())
            os.environ["DATABASE_URL"] = stack.enter_context(surroundings.postgres(folder, durable=True))
        keys = provider.settings() if options.cards else {}
        program = stack.enter_context(running_program(http_workers=options.http_workers, **keys))
        if options.cards:
            stack.enter_context(provider.serving(keys["STRIPE_API_BASE"]))
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        import_module("bench.dispatch_runs").carry_out(program, options)


if __name__ == "__main__":
    main()
