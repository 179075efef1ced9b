"""How long it takes to requeue many dead letters by one call of the staff API, and until each has its hold.

    python -m bench.dead_letters [--letters 200] [--rounds 3] [--http-workers 2]

The program runs on a PostgreSQL of its own that waits for the disk at each commit, with the provider's stand-in. There
are no partners, so that each request becomes a dead letter when its patience is over. Reading the same rows one by one,
in the same run, stands beside it.
"""

import argparse
import os
from contextlib import ExitStack
from importlib import import_module

from bench import provider, surroundings
from bench.measuring import machine
from bench.program import running_program

PATIENCE_S = 60


def main() -> None:
    """Parse the options, start the program, measure, and stop it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--letters", type=int, default=200, help="dead letters of one call; the API takes 200")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--http-workers", type=int, default=2, help="granian processes for HTTP")
    options = parser.parse_args()
    print(f"bench.dead_letters: {options.letters} dead letters requeued by one call. {machine()}.")
    with ExitStack() as stack:
        folder = stack.enter_context(surroundings.folder())
        os.environ["DATABASE_URL"] = stack.enter_context(surroundings.postgres(folder, durable=True))
        keys = provider.settings()
        patience = {"REQUEST_PATIENCE_S": str(PATIENCE_S)}
        program = stack.enter_context(running_program(http_workers=options.http_workers, **keys, **patience))
        stack.enter_context(provider.serving(keys["STRIPE_API_BASE"]))
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        import_module("bench.dead_letters_runs").carry_out(program, options)


if __name__ == "__main__":
    main()
