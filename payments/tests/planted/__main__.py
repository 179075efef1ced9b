"""`python -m payments.tests.planted [NAME ...]`: plant bugs in the code of money, and live until each is found."""

import subprocess
import sys
from pathlib import Path

CAUGHT = Path(__file__).with_name("caught.py")


def main(names: list[str]) -> int:
    """Returns 0 if every bug was found."""
    chosen = ["-k", " or ".join(names)] if names else []
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", "--show-capture=no", str(CAUGHT), *chosen]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
