"""Gives cheers at a steady rate for some minutes, and says of each process whether its memory keeps growing.

    python -m bench.leak [--minutes 30] [--rate 20] [--pairs 80] [--http-workers 2]

A cheer is that of `bench.cheer`: a request, its offer, accepting, arriving, starting and ending the session, by HTTP
and a socket for both sides. The resident memory of each process is read every five seconds. In the first third of the
time caches and pools fill; a line through the rest says how much a process grows. The program runs in production shape
on a PostgreSQL of its own. It ends with 1 if a process of ours grows by more than 5%. Linux only.
"""

import argparse
import os
from contextlib import ExitStack
from importlib import import_module

from bench import surroundings
from bench.program import running_program


def main() -> None:
    """Parse the options, start the program, measure, and stop it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=20.0, help="cheers a second that are begun")
    parser.add_argument("--pairs", type=int, default=80, help="users and partners; a busy pair begins no other cheer")
    parser.add_argument("--http-workers", type=int, default=2, help="granian processes for HTTP")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(surroundings.folder())
        os.environ["DATABASE_URL"] = stack.enter_context(surroundings.postgres(folder))
        # A session here lasts for a moment; in earnest it would be flagged.
        program = stack.enter_context(running_program(http_workers=options.http_workers, MIN_SESSION_S="0"))
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        import_module("bench.leak_runs").carry_out(program, options)


if __name__ == "__main__":
    main()
