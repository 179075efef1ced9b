"""`python -m bench`: every benchmark, one after the other, with moderate sizes."""

import importlib.util
import subprocess
import sys

PARTS = {
    "search": ["--sizes", "1000,10000,100000"],
    "positions": [],
    "dispatch": [],
    "policy": [],
}


def main() -> int:
    """Run what there is, each in a process of its own. Answers 0 where all went well."""
    worst = 0
    for part, arguments in PARTS.items():
        if importlib.util.find_spec(f"bench.{part}") is not None:
            result = subprocess.run([sys.executable, "-m", f"bench.{part}", *arguments], check=False)
            worst = max(worst, abs(result.returncode))
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
