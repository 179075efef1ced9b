"""Each test of the sockets has a hub of its own, and leaves no connection behind."""

from collections.abc import AsyncIterator, Iterator
from threading import Barrier

import pytest
from django.db import connections

from accounts.models import Partner, User
from notifications import consumers, hub, limits, threads
from notifications.tests.sockets.client import WAIT_S
from tests.cast import token_of


@pytest.fixture(autouse=True, scope="module")
def _closed_connections() -> Iterator[None]:
    """The sockets' threads outlive a test; their connections must not outlive the database."""
    yield
    count = len(threads.THREADS._threads)
    barrier = Barrier(count)

    def close() -> None:
        barrier.wait(WAIT_S)
        connections.close_all()

    for done in [threads.THREADS.submit(close) for _ in range(count)]:
        done.result()


@pytest.fixture(autouse=True)
async def own_hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[hub.Hub]:
    """A hub lives in one event loop, and each test has its own."""
    own = hub.Hub()
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 0.05)
    monkeypatch.setattr(hub, "ORDERS_MISSED_S", 0.0)  # where an order closes a socket, nothing else does
    monkeypatch.setattr(consumers, "hub", own)
    limits.floods.clear()  # handshakes are counted by address, and all tests have the same
    yield own
    await own.stop()


@pytest.fixture
def user_token(user: User) -> str:
    return token_of(user)


@pytest.fixture
def partner_token(partner: Partner) -> str:
    return token_of(partner.user)
