"""The staff's live page with thousands of moving partners: the time from a report to the frame, its bytes, long tasks.

    python -m bench.live [--partners 10000] [--every 5] [--seconds 30] [--pages 1] [--browser]

The program runs on a PostgreSQL of its own, with one publisher. This process moves every partner every few seconds, in
Valkey as the reporting processes would. One partner stands still, reports a few metres by HTTP from time to time, and
is waited for in the frames of an open page. With `--browser` the page itself is open in Chromium, too, which tells how
long a frame takes to be drawn, and of each task over 50 ms.
"""

import argparse
import os
from importlib import import_module

from bench import surroundings
from bench.program import running_program


def main() -> int:
    """Parse the options, start everything, measure, and stop it. Returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--partners", type=int, default=10_000)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two reports of each partner")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long is measured")
    parser.add_argument("--pages", type=int, default=1, help="open pages")
    parser.add_argument("--browser", action="store_true", help="open the page in Chromium, too")
    options = parser.parse_args()
    with surroundings.folder() as inside, surroundings.postgres(inside, durable=True) as url:
        os.environ["DATABASE_URL"] = url
        with running_program() as program:
            surroundings.set_django_up()
            # Imported late: it imports models, and the settings read the environment when they are loaded.
            return int(import_module("bench.live_runs").carry_out(program, options))


if __name__ == "__main__":
    raise SystemExit(main())
