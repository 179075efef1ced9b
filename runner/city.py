"""Whether the demo city lives: partners and users who are simulated, and a past."""

import os

from django.conf import settings


def is_simulated() -> bool:
    """Whether the simulated city is wanted: in development, unless `BOTS=0`."""
    return os.environ.get("BOTS", "1" if settings.DEBUG else "0") != "0"
