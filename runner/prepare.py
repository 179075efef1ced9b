"""`python -m runner.prepare`: migrate the database and seed it with demonstration data."""

import os
import sys

import django
from django.core.management import call_command

from runner import city, lifeline


def main() -> None:
    """Migrate, then seed, which prints the demo accounts. One process does both: each takes a second to load."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
    os.environ["DATABASE_STATEMENT_TIMEOUT_S"] = "0"  # migrations have no time limit
    lifeline.watch()
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("seed", past=city.is_simulated())
    sys.stdout.flush()


if __name__ == "__main__":
    main()
