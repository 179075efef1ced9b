"""Random lives of money: sessions, fees, tips, credit, refunds, disputes and manual entries in several currencies,
while prices change, calls fail, processes die and events go astray.

Whatever happens, after every other step and for every ride: captured + pending = fare + fees + tips - refunds, in
our books and in what the provider itself has; nothing of ours moved money twice there; what is over for us is over
there; and the ledger balances (`two_sides`, `payments.audit`). Once the faults stop, what is held for requests that are
over is let go of at once and by us, before any bank would; everything due comes to an end; and bills, ledger, payouts,
statements and receipts are to the minor unit what the life's facts amount to (`reckoning`).

The lives are others in each run, in three portions, so that each has the time that a test has. A failure prints the
seed that repeats it: `MONEY_SEED=7`; with `MONEY_SHRINK=1` the fewest steps that fail as well are looked for, which
takes minutes. `MONEY_LIVES=700` makes many more lives than the suite has time for (CONTRIBUTING.md). The bugs that
these lives are known to find are planted one by one by `python -m payments.tests.planted`.
"""

import os
import sys
from random import SystemRandom

import pytest
from django.db import connection
from pytest_django import Settings

from payments.tests.whole_life import Surroundings, live
from regions.models import Region
from tests.cast import Clock
from tests.online import Online

LIVES = {"sqlite": 9, "postgresql": 7}  # of a portion: about fifty in a run of the suite, on both databases
SEED = int(os.environ.get("MONEY_SEED", "") or SystemRandom().randrange(2**32))


@pytest.mark.parametrize("portion", range(3))
def test_random_money(nyc: Region, online: Online, clock: Clock, settings: Settings, portion: int) -> None:
    lives = int(os.environ.get("MONEY_LIVES", "0")) or LIVES[connection.vendor]
    sys.stdout.write(f"MONEY_SEED={SEED + portion} MONEY_LIVES={lives}\n")  # pytest shows it if the test fails
    live(
        Surroundings(nyc, online, clock, settings),
        lives=lives,
        seed=SEED + portion,
        shrink="MONEY_SHRINK" in os.environ,
    )
