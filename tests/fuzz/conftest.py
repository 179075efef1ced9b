"""What the fuzz tests share: no limits, a city at work, and sockets into it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_django
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import notifications.consumers
import notifications.threads
from notifications.hub import Hub
from regions.selectors import forget_regions
from tests.fixtures import run_commit_hooks
from tests.fuzz.lines import THREADS, WITHIN_S, Lines
from tests.fuzz.world import World, make_world, rolled_back

WEBHOOK_SECRET = "whsec_fuzz"
UNLIMITED = "1000000/sec"
# The same examples in every run, however slow the machine is.
hypothesis_settings.register_profile(
    "fuzz",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FUZZ = hypothesis_settings.get_profile("fuzz")


@pytest.fixture(autouse=True)
def _open_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rate limits, a payment provider whose secret we know, and credit for inviting friends."""
    monkeypatch.setattr(settings, "REFERRAL_CREDITS", {"usd": 500})
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], UNLIMITED)
    monkeypatch.setitem(settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES", rates)
    monkeypatch.setattr(settings, "STRIPE_WEBHOOK_SECRET", [WEBHOOK_SECRET])
    monkeypatch.setattr(settings, "STRIPE_CONNECT_WEBHOOK_SECRET", [WEBHOOK_SECRET])


@pytest.fixture(autouse=True)
def _connections_stay_open() -> Iterator[None]:
    """Django closes a connection that is in a transaction at the end of a request, and each test runs in one."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[World]:
    """Built once a module, in a transaction that is never committed."""
    with django_db_blocker.unblock(), rolled_back(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "OFFER_TTL_S", 3600)
        world = make_world()
        run_commit_hooks()  # what the making planned is not what a call does
        yield world
    forget_regions()


@pytest.fixture
def world(_built: World, db: None) -> World:
    """As it was built: what the test before did is undone."""
    forget_regions()
    return _built


@pytest.fixture
def lines(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Sockets with a hub, a loop and threads of their own, gone at the end."""
    threads, hub = ThreadPoolExecutor(THREADS), Hub()
    monkeypatch.setattr(notifications.threads, "THREADS", threads)
    monkeypatch.setattr(notifications.consumers, "hub", hub)
    monkeypatch.setattr(settings, "OFFER_TTL_S", 3600)
    with asyncio.Runner() as runner:
        lines = Lines(runner, make_world())
        yield lines
        for line in lines.opened:
            line.close()
        runner.run(hub.stop())
    _in_each(threads, connections.close_all)
    threads.shutdown()


def _in_each(threads: ThreadPoolExecutor, function: Callable[[], None]) -> None:
    """Run this in each thread: the barrier keeps any of them from doing it twice."""
    barrier = threading.Barrier(THREADS)

    def wait_and_run() -> None:
        barrier.wait(WITHIN_S)
        function()

    for done in [threads.submit(wait_and_run) for _ in range(THREADS)]:
        done.result()
