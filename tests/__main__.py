"""`python -m tests`: the suite on SQLite, then on PostgreSQL. Arguments go to pytest.

Tests that use no database run once, and so do the browser, the program's start and end, and generated clients.
Calls generated from the schema run on PostgreSQL, which takes less than SQLite does.
"""

import os
import subprocess
import sys

RUNS = {
    "sqlite": ["--ignore=tests/fuzz/test_schema.py"],
    "postgres": [
        "--database-only",
        *("-m", "not browser", "--ignore=tests/run", "--ignore-glob=tests/e2e/test_generated_*"),
    ],
}


def run(database: str, arguments: list[str]) -> tuple[bool, str]:
    """Run pytest and show its output. Answers whether it passed, and its closing line."""
    workers = str(min(4, max(2, os.cpu_count() or 2)))
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, f"--database={database}", *arguments]
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
    results = {database: run(database, [*extra, *sys.argv[1:]]) for database, extra in RUNS.items()}
    for database, (_, closing) in results.items():
        sys.stdout.write(f"{database}: {closing}\n")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
