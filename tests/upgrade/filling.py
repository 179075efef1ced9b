"""The process that fills one database and writes its dump; `fill.py` starts it."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

import tests.upgrade.surroundings  # comes before what imports models
from fake_stripe.account import Account
from fake_stripe.server import Server
from testbed.processes import BASE
from tests.cast import Clock
from tests.online import PAGE_KEY, SECRET_KEY, charging
from tests.upgrade import fixed, story
from tests.upgrade.city import City
from tests.upgrade.story_cards import CardCity


def main(path: Path) -> None:
    """Fill, check the result with this code's audit, and write the dump."""
    with pytest.MonkeyPatch.context() as patch:
        tell(patch)
    subprocess.run([sys.executable, "manage.py", "audit"], cwd=BASE, check=True)
    path.write_text(tests.upgrade.surroundings.dumped())


def tell(patch: pytest.MonkeyPatch) -> None:
    """Migrate, and let the history happen, at a fixed time."""
    clock = Clock()
    fixed.fix(patch, clock)
    call_command("migrate", verbosity=0)
    city = City(clock)
    story.tell(city)
    server = Server(Account(), secret_key=SECRET_KEY, publishable_key=PAGE_KEY)
    server.start()
    try:
        CardCity(city, charging(server, settings, patch)).tell()
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
