"""`python -m runner.prepare`: bring the database up to date and fill in what a demonstration needs."""

import os
import sys

import django
from django.core.management import call_command

from runner import lifeline


def main() -> None:
    """Migrate, then seed; the seed prints the demo accounts. Both in one process: each would take a second to load."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
    os.environ["DATABASE_STATEMENT_TIMEOUT_S"] = "0"  # a migration takes as long as it takes
    lifeline.watch()
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("seed")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
