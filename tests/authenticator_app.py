"""An authenticator app, and the clock that it and the program share in tests."""

import time
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal import auth

PERIOD_S = 30


class AppClock:
    """The time by which codes are made and checked. It stands still: no period ends between the two.

    It begins with the first second of a period.
    """

    def __init__(self) -> None:
        self.now_s = int(time.time()) // PERIOD_S * PERIOD_S

    def time(self) -> float:
        return float(self.now_s)

    def advance(self, seconds: int) -> None:
        """Move the clock, backwards too."""
        self.now_s += seconds


@pytest.fixture(autouse=True)
def app_clock(monkeypatch: pytest.MonkeyPatch) -> AppClock:
    """Every test's clock for the codes of authenticator apps."""
    clock = AppClock()
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=clock.time))
    return clock


def code_of(secret: str) -> str:
    """The code that the app shows in the present period."""
    return auth.format_hotp_value(auth.hotp_value(secret, int(auth.time.time()) // PERIOD_S))
