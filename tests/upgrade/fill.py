"""`python -m tests.upgrade.fill RELEASE`: fill databases with a small history, and keep them as SQL.

Run at each release with the code of that release; see the README beside.
"""

import argparse
import os
import subprocess
import sys

from testbed.processes import BASE
from tests.upgrade import dumps


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.fill", description=__doc__)
    parser.add_argument("release", help='what the dumps are called, for example "1.0.0"')
    parser.add_argument("--database", choices=list(dumps.SUFFIXES), help="fill this kind alone")
    chosen = parser.parse_args()
    for database in [chosen.database] if chosen.database else dumps.SUFFIXES:
        path = dumps.dump_path(chosen.release, database)
        # Sets are walked in the same order each time.
        environment = {**os.environ, "PYTHONHASHSEED": "0", "FILL_DATABASE": database}
        subprocess.run(
            [sys.executable, "-m", "tests.upgrade.filling", str(path)], cwd=BASE, env=environment, check=True
        )
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
