"""`python -m tests.upgrade.steps`: what the program of now makes of the database of DATABASE_URL, as JSON.

One process for all steps: loading the program takes longer than any of them. Each step is a command of `manage.py`,
or the reading of everything, and gives its exit code and what it printed.
"""

import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from django.core.management import CommandError, call_command

import tests.upgrade.ready  # noqa: F401 - comes before what imports models
from tests.upgrade import dumps
from tests.upgrade.reading import read_everything

Outcome = dict[str, Any]
# Constraints allow this, and the promises don't: the request of this ride stays accepted.
BREAK = "UPDATE rides_ride SET status = 'cancelled' WHERE status = 'in_progress'"


def main() -> None:
    url = os.environ["DATABASE_URL"]
    told: dict[str, Any] = {
        "migrate": manage("migrate"),
        "rows": dumps.row_counts(url),
        "migrate --check": manage("migrate", "--check"),
        "makemigrations": manage("makemigrations", "--check", "--dry-run"),
        "audit": manage("audit"),
        "read": outcome(lambda: sys.stdout.write(json.dumps(read_everything()))),
    }
    dumps.load(url, BREAK)
    told["audit of a broken row"] = manage("audit")
    sys.stdout.write(json.dumps(told))


def manage(*command: str) -> Outcome:
    """The outcome of a command of `manage.py`."""
    return outcome(lambda: call_command(*command))


def outcome(step: Callable[[], object]) -> Outcome:
    """The exit code of a step, and what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            step()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            sys.stdout.write(f"{error}\n")
            code = error.returncode
        except Exception:
            sys.stdout.write(traceback.format_exc())
            code = 1
    return {"code": code, "printed": printed.getvalue()}


if __name__ == "__main__":
    main()
