"""Calls every list and page of staff on years of cheers. Import it after the settings are loaded."""

import time
from collections.abc import Iterator
from typing import NamedTuple
from unittest import mock

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from accounts.models import User
from api import page_throttle
from bench.accounts import STAFF_EMAIL, make_staff
from bench.size_runs import Clock
from core.valkey import client as valkey
from simulator.figures import percentile
from staff_api.lists import StaffList

ROUNDS = 5  # the first of which only warms up
GOAL_S, STATEMENTS_MAX = 0.3, 12


class Measured(NamedTuple):
    """One address: how long its calls took, and the most statements of one."""

    path: str
    times: list[float]
    statements: int


def addresses() -> Iterator[str]:
    """The live page, each list of the admin with its next page and a search, its newest row, each list of the API."""
    yield "/staff/"
    for model in admin.site._registry:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield from (path, f"{path}?p=1")
        newest = model._default_manager.order_by("-pk").first()
        if newest is not None:
            yield from (f"{path}?q={quote(newest.pk)}", f"{path}{quote(newest.pk)}/change/")
    for address in get_resolver().url_patterns:
        inner = [address] if isinstance(address, URLPattern) else address.url_patterns
        for call in inner:
            view = getattr(getattr(call, "callback", None), "view_class", None)
            if view is not None and issubclass(view, StaffList):
                yield from (f"/{call.pattern}", f"/{call.pattern}?region=nyc")


def measured(desk: Client, path: str) -> Measured:
    """Call an address some times. Raises `SystemExit` if it is not answered with its page."""
    times, most = [], 0
    for _ in range(ROUNDS):
        valkey().flushall()  # no limit is reached
        clock, begun = Clock(), time.perf_counter()
        with connection.execute_wrapper(clock):
            answer = desk.get(path, follow=True)
        times.append(time.perf_counter() - begun)
        most = max(most, clock.statements)
        if answer.status_code != 200:
            raise SystemExit(f"{path} is answered with {answer.status_code}.")
    return Measured(path, times[1:], most)


def carry_out() -> None:
    """Measure, and print the slowest, those above the goals, and the p95 of all calls together."""
    settings.ALLOWED_HOSTS = ["*"]
    email = STAFF_EMAIL.format(0)
    if not User.objects.filter(email=email).exists():
        make_staff()
    desk = Client()
    desk.force_login(User.objects.get(email=email), "accounts.backends.PasswordBackend")
    with mock.patch.object(page_throttle, "hit_all", return_value=None):
        found = [measured(desk, path) for path in addresses()]
    found.sort(key=lambda each: -percentile(each.times, 0.95))
    print(f"{len(found)} addresses of staff\n{'':70} {'p50 ms':>8} {'p95 ms':>8} {'statements':>10}")
    for each in found:
        p50, p95 = percentile(each.times, 0.5), percentile(each.times, 0.95)
        if each in found[:10] or p95 > GOAL_S or each.statements > STATEMENTS_MAX:
            print(f"{each.path[:70]:70} {p50 * 1e3:8.1f} {p95 * 1e3:8.1f} {each.statements:10}")
    p95 = percentile([seconds for each in found for seconds in each.times], 0.95)
    print(f"{'all calls':70} {'':8} {p95 * 1e3:8.1f} {max(each.statements for each in found):10}")
