"""Storm: every phone of a socket process that died comes back to another one in the same moment.

    python -m bench.storm [--sockets 3000] [--role partner|user] [--within 90] [--clients 2] [--settle 11] [--stops 0]
                          [--waves 1] [--wave-every 10] [--alone] [--database postgres|sqlite] [--check]

One socket process of ours in production's settings, on a PostgreSQL that waits for the disk. Phones try again as
static/js/socket.js does, from processes of their own on this machine, all together or in waves. Prints when they are
back, what a connection costs, and what sockets that were open before, HTTP and offers notice of it. With `--alone`
nothing else is going on, and the statements of a connection are counted. With `--stops`, the process gets SIGTERM in
the middle of so many further storms. With `--check`, the exit code says whether all came back, every stop was in time,
and the log names nobody.
"""

import argparse
import os
import resource
from contextlib import ExitStack
from importlib import import_module

from bench import surroundings
from bench.program import running_program


def main() -> int:
    """Parse the options, start the program, measure, and stop it. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sockets", type=int, default=3000)
    parser.add_argument("--role", choices=["partner", "user"], default="partner")
    parser.add_argument("--within", type=float, default=90.0, help="seconds after which those not back count as lost")
    parser.add_argument("--clients", type=int, default=2, help="processes of phones")
    parser.add_argument("--settle", type=float, default=11.0, help="seconds until memory is measured again")
    parser.add_argument("--stops", type=int, default=0, help="further storms with a SIGTERM in the middle")
    parser.add_argument("--waves", type=int, default=1, help="parts of the crowd, one after the other")
    parser.add_argument("--wave-every", type=float, default=10.0, help="seconds from one to the next")
    parser.add_argument("--alone", action="store_true", help="no watch, but count statements")
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--check", action="store_true", help="fail if a phone stays away, or a stop takes too long")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
    with ExitStack() as stack:
        if options.database == "postgres" and "DATABASE_URL" not in os.environ:
            folder = stack.enter_context(surroundings.folder())
            os.environ["DATABASE_URL"] = stack.enter_context(surroundings.postgres(folder, durable=True))
        program = stack.enter_context(running_program(http_workers=1, LOG_LEVEL="WARNING"))
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        return int(import_module("bench.storm_runs").carry_out(program, options))


if __name__ == "__main__":
    raise SystemExit(main())
