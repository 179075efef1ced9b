"""Delivery: frames a second, memory and idle cost of sockets, and the time from a publication to its frame.

    python -m bench.delivery [--sockets 1000] [--rounds 60] [--idle 5000] [--idle-seconds 30]

Compares one socket process of ours with a stock daphne on channels-redis' pub/sub layer, fed by the same Valkey in the
same run. Each frame is for one recipient, and frames are handed over a hundred at a time. The floor of the latency is
Valkey's own publish → subscriber. Clients are raw sockets in this process.
"""

import argparse
import resource
from importlib import import_module

from bench import surroundings
from bench.program import running_program


def main() -> None:
    """Parse the options, start everything, measure, and stop it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=60, help="frames to each socket")
    parser.add_argument("--idle", type=int, default=5000, help="idle sockets in the last part; 0 leaves it out")
    parser.add_argument("--idle-seconds", type=float, default=30.0)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
    with running_program():
        surroundings.set_django_up()
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        import_module("bench.delivery_runs").carry_out(options)


if __name__ == "__main__":
    main()
