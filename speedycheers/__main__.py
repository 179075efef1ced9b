"""`python -m speedycheers`: run the whole program on one machine.

Ctrl-C, SIGTERM and SIGHUP stop all processes within 5 seconds, with exit code 0. Exit code 1 means that the program
can't start or can't continue; one sentence says why.
"""

import argparse
import os
import sys

from django.core.exceptions import ImproperlyConfigured

from runner.run_lock import Refused
from runner.supervisor import Supervisor


def main() -> int:
    """Parse the command line and run. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m speedycheers", description="Start SpeedyCheers on this machine.")
    parser.add_argument(
        "--follow-parent", action="store_true", help="end as well when the process that started this one is gone"
    )
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
    try:
        return Supervisor(follow_parent=options.follow_parent).run()
    except (Refused, ImproperlyConfigured, ValueError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's output
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
