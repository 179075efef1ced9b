"""`python -m tests`: the suite on SQLite, then on PostgreSQL. Arguments go to pytest.

testbed/databases.py says what runs on one of them only.
"""

import os
import subprocess
import sys


def run(database: str, arguments: list[str]) -> tuple[bool, str]:
    """Run pytest and show its output. Answers whether it passed, and its closing line."""
    workers = str(min(4, max(2, os.cpu_count() or 2)))
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, f"--database={database}", "--share", *arguments]
    closing = "no closing line"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            if " in " in line and any(word in line for word in ("passed", "failed", "error", "no tests ran")):
                closing = line.strip().strip("= ")
    return process.returncode == 0, closing


def main() -> int:
    """Both runs, whatever the first one says. Answers 0 where both passed."""
    results = {database: run(database, sys.argv[1:]) for database in ("sqlite", "postgres")}
    for database, (_, closing) in results.items():
        sys.stdout.write(f"{database}: {closing}\n")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
