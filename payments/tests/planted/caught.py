"""Each planted bug is found. Run by `python -m payments.tests.planted`, and no part of the suite."""

import sys
from typing import Any

import pytest
from django.db import Error
from pytest_django import Settings

from payments.tests.planted.bugs import BUGS, Bug
from payments.tests.whole_life import Money, Surroundings, live
from regions.models import Region
from tests.cast import Clock
from tests.online import Online

LIVES = 120  # in which a bug must be found
SEED = 1


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(
    bug: Bug,
    nyc: Region,
    online: Online,
    clock: Clock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun, begin = [0], Money.__init__

    def count(life: Money) -> None:
        begun[0] += 1
        begin(life)

    monkeypatch.setattr(Money, "__init__", count)
    bug.plant(monkeypatch)
    surroundings = Surroundings(nyc, online, clock, settings)
    # What a promise says, or the database or a state graph refuses; a plant that breaks the program itself is none.
    found: Any
    with pytest.raises((AssertionError, Error, ValueError, RuntimeError)) as found:
        live(surroundings, lives=LIVES, seed=SEED)
    lines = str(found.value).split("\n")
    said = next((line for line in lines if "more item" in line), lines[0]).strip()[:200]
    with capsys.disabled():
        sys.stdout.write(f"\n{bug.name}: in life {begun[0]}: {type(found.value).__name__}: {said}\n")
