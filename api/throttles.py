"""Rate limits: fixed windows counted in Valkey. If Valkey is down, no call is limited by them.

Attempts at passwords and codes have limits of their own, which hold without Valkey as well (api/attempts.py).
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from core import valkey

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module through the settings

log = logging.getLogger(__name__)
PERIODS_S = {"sec": 1, "min": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Rate:
    """A limit on the calls in each period of some seconds."""

    limit: int
    period_s: int

    @classmethod
    def named(cls, scope: str) -> "Rate":
        """Return the rate that the settings give to a scope, for example "30/hour"."""
        limit, _, period = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][scope].partition("/")
        return cls(int(limit), PERIODS_S[period])

    def window(self) -> tuple[int, float]:
        """Return the number of the current window, and the seconds left in it."""
        now = time.time()
        return int(now // self.period_s), self.period_s - now % self.period_s

    def key(self, scope: str, who: str) -> str:
        """Return the name of the counter of one account or address in the current window."""
        digest = hashlib.sha256(who.encode()).hexdigest()[:32]  # addresses are personal data
        return f"rate:{scope}:{digest}:{self.window()[0]}"


@dataclass(frozen=True)
class Window:
    """The current window of one account or address."""

    scope: str
    rate: Rate
    key: str  # the name of its counter
    ends_at: float

    @classmethod
    def of(cls, scope: str, who: str) -> "Window":
        """Return the window in which a call counts now."""
        rate = Rate.named(scope)
        return cls(scope, rate, rate.key(scope, who), time.time() + rate.window()[1])

    def wait_s(self, count: int) -> float | None:
        """Return the seconds until the window ends if so many calls exceed its limit, else None."""
        return max(0.0, self.ends_at - time.time()) if count > self.rate.limit else None


class WindowThrottle(SimpleRateThrottle):
    """Applies one rate from the settings, counted per account or per address."""

    per_account = False
    _wait_s: float | None = None

    def __init__(self) -> None:
        pass

    def allow_request(self, request: Request, view: "APIView") -> bool:
        who = self.who(request)
        if who is None:
            return True
        self._wait_s = hit_all([(str(self.scope), who)])
        return self._wait_s is None

    def who(self, request: Request) -> str | None:
        """Return the account or address to count this call for; None if this throttle doesn't apply."""
        signed_in = request.user.is_authenticated
        if signed_in != self.per_account:
            return None
        return str(request.user.pk) if signed_in else self.get_ident(request)

    def wait(self) -> float | None:
        return self._wait_s and max(1.0, self._wait_s)


class AccountThrottle(WindowThrottle):
    scope = "account"
    per_account = True


class AddressThrottle(WindowThrottle):
    scope = "address"


class CostlyThrottle(WindowThrottle):
    """Counts a costly kind of call per account, per address and among all calls of the account, in one round trip.

    Use it alone in a view's `throttle_classes`. Reads count only among all calls.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        address = self.get_ident(request) or ""
        if not request.user.is_authenticated:
            counts = [("address", address)]
        else:
            account = str(request.user.pk)
            counts = [("account", account)]
            if request.method not in SAFE_METHODS:
                counts += [(str(self.scope), account), (f"{self.scope}_address", address)]
        self._wait_s = hit_all(counts)
        return self._wait_s is None


class EstimateThrottle(WindowThrottle):
    """Counts estimates, which anyone may ask for, per address, beside all calls from there."""

    scope = "estimate"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        address = self.get_ident(request) or ""
        self._wait_s = hit_all([("address", address), (self.scope, address)])
        return self._wait_s is None


class PlaceThrottle(WindowThrottle):
    """Counts searches of places per account, beside all of its calls."""

    scope = "place"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        account = str(request.user.pk)
        self._wait_s = hit_all([("account", account), (self.scope, account)])
        return self._wait_s is None


class RequestThrottle(CostlyThrottle):
    scope = "request"


class MessageThrottle(CostlyThrottle):
    scope = "message"


class PositionThrottle(CostlyThrottle):
    scope = "position"


def hit_all(counts: Sequence[tuple[str, str]]) -> float | None:
    """Count one call for each `(scope, who)`. Returns the longest wait if any limit is exceeded, else None."""
    windows = [Window.of(scope, who) for scope, who in counts]
    try:
        waits = map(Window.wait_s, windows, count_in(windows))
    except valkey.Unreachable:
        log.warning("rate limits not counted: Valkey does not answer")
        return None
    return max((wait_s for wait_s in waits if wait_s is not None), default=None)


def count_in(windows: Sequence[Window]) -> list[int]:
    """Count one call in each window, in one round trip. Returns their counts. Raises `valkey.Unreachable`."""
    pipe = valkey.client().pipeline(transaction=False)
    for window in windows:
        pipe.incr(window.key)
        pipe.expire(window.key, window.rate.period_s)
    return [int(count) for count in pipe.execute()[::2]]


def socket_wait(*, address: str, account: str = "") -> float | None:
    """Count one handshake, for the address and for the account, if any. Returns the seconds to wait, or None."""
    return hit_all([("socket_address", address), *([("socket", account)] if account else [])])
