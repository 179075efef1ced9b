"""Calls every address for busy and for other accounts, and adds up the time that the database took."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from accounts.models import Partner, User
from api import page_throttle
from core.valkey import client as valkey
from ops.made_history.people import DOMAIN, HEAVY
from payments.models import Payment
from rides.models import Ride

ROUNDS = 3
NAMES = re.compile(r"<\w+:(\w+)>")
FILLED_IN = {"request_id", "ride_id", "payment_id"}
# Addresses that don't read the history, or would ask processes that don't run here.
LEFT_OUT = {"healthz", "readyz", "metrics", "schema", "docs"}


class Clock:
    """Counts the statements of a call and the seconds that they took."""

    def __init__(self) -> None:
        self.statements, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - begun
            self.statements += 1


def addresses() -> Iterator[str]:
    """The addresses of the API and of the pages whose names we can fill in."""
    for pattern in get_resolver().url_patterns:
        inner = [pattern] if isinstance(pattern, URLPattern) else pattern.url_patterns
        if isinstance(pattern, URLPattern) or not str(pattern.pattern):
            routes = [str(address.pattern) for address in inner if isinstance(address, URLPattern)]
            yield from (route for route in routes if route not in LEFT_OUT and set(NAMES.findall(route)) <= FILLED_IN)


def sampled(word: str, number: int, accounts: int) -> list[User]:
    """The busiest accounts of a kind, and others at equal distances."""
    others = max(1, (number - HEAVY) // max(1, accounts - HEAVY))
    numbers = [*range(HEAVY), *range(HEAVY, number, others)][:accounts]
    return list(User.objects.filter(email__in=[f"{word}{n}@{DOMAIN}" for n in numbers]))


def carry_out(accounts: int) -> None:
    """Measure and print one line for each address, the slowest first."""
    settings.ALLOWED_HOSTS = ["*"]
    numbers = {"user": User.objects.filter(email__startswith="user").count(), "partner": Partner.objects.count()}
    for word, number in numbers.items():
        measured: dict[str, list[tuple[float, int]]] = {}
        with mock.patch.object(page_throttle, "hit_all", return_value=None):
            for account in sampled(word, number, accounts):
                _measure(account, word, measured)
        print(f"{word + 's':40} {'p50 ms':>8} {'p95 ms':>8} {'most ms':>8} {'statements':>10}")
        for route, calls in sorted(measured.items(), key=lambda item: -_at(item[1], 0.95)):
            figures = [_at(calls, part) * 1e3 for part in (0.5, 0.95, 1.0)]
            print(
                f"{'/' + route:40} {figures[0]:8.1f} {figures[1]:8.1f} {figures[2]:8.1f} {max(n for _, n in calls):10}"
            )


def _at(calls: list[tuple[float, int]], part: float) -> float:
    times = sorted(seconds for seconds, _ in calls)
    return times[min(len(times) - 1, int(len(times) * part))]


def _measure(account: User, word: str, measured: dict[str, list[tuple[float, int]]]) -> None:
    client = Client()
    client.force_login(account, "accounts.backends.PasswordBackend")
    mine = {"partner__user": account} if word == "partner" else {"user": account}
    ride = Ride.objects.filter(status="completed", **mine).order_by("-accepted_at").first()
    if ride is None:
        return
    names = {"request_id": ride.request_id, "ride_id": ride.pk, "payment_id": Payment.objects.filter(ride=ride)[0].pk}
    for route in addresses():
        path = "/" + NAMES.sub(lambda match: str(names[match[1]]), route)
        for _ in range(ROUNDS):
            valkey().flushall()  # no limit is reached
            clock = Clock()
            with connection.execute_wrapper(clock):
                answer = client.get(path, HTTP_ACCEPT="text/html,*/*;q=0.8")
            if answer.status_code == 200:
                measured.setdefault(route, []).append((clock.seconds, clock.statements))
