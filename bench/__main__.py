"""`python -m bench [--data FILE]`: every benchmark, one after the other, with moderate sizes.

FILE has the pickups that `bench.policy` replays and `bench.forecast` foresees. It is not part of the project; without
it both are left out.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PARTS = {
    "search": ["--sizes", "1000,10000,100000"],
    "positions": [],
    "dispatch": [],
    "dead_letters": [],
    "cheer": [],
    "delivery": [],
    "live": [],
    "storm": ["--stops", "5"],
    "health": [],
    "scale": ["--step-s", "80"],
    "size": ["--requests", "50000", "--audit"],
    "pruning": [],
    "arrival": [],
    "sandbox": ["--record", "150", "--partners-recorded", "14", "--hours", "2"],
    "metrics": ["--requests", "50000"],
}
SPANS = {
    "policy": ["--from", "2014-06-03T17:00", "--to", "2014-06-03T21:00", "--seeds", "2", "--no-bound"],
    "forecast": ["--test-from", "2014-08-01", "--test-to", "2014-08-31"],
}


def main() -> int:
    """Run each benchmark in its own process. Returns 0 if all succeed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="real pickups of the months up to August 2014")
    data = parser.parse_args().data
    parts = PARTS if data is None else {**PARTS, **{part: ["--data", str(data), *span] for part, span in SPANS.items()}}
    worst = 0
    for part, arguments in parts.items():
        result = subprocess.run([sys.executable, "-m", f"bench.{part}", *arguments], check=False)
        worst = max(worst, abs(result.returncode))
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
