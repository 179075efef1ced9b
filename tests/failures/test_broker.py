"""The broker is gone: a worker lets go of its connection, and has another as soon as there is one."""

import signal
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import kombu.exceptions
import pytest
import redis

from core import broker
from requests_app.tasks import match_region
from requests_app.wakeups import match_queue
from speedycheers.celery import app
from tests.failures.conftest import back_with_nothing
from tests.test_tls import run

CONNECTS = """
import json, django
django.setup()
import ops.management.commands.worker
from speedycheers.celery import app
print(json.dumps({"module": type(app.connection_for_read().transport).__module__}))
"""


def consumer_of(connection: Any) -> broker.Consumer:
    """A worker's consumer, as far as it looks after its connection."""
    consumer = broker.Consumer.__new__(broker.Consumer)
    consumer.app, consumer.connection = app, connection
    consumer.qos_global, consumer.prefetch_multiplier = False, 1
    consumer.pool = SimpleNamespace(num_processes=4)
    return consumer


@pytest.fixture
def with_message() -> Iterator[tuple[Any, Any]]:
    """A connection, and a message from it that is not acknowledged."""
    match_region.apply_async(("nyc",), queue=match_queue("nyc"))
    connection = app.connection_for_read()
    channel = connection.default_channel
    message = channel.basic_get(match_queue("nyc"), no_ack=False)
    assert message is not None
    yield connection, message
    channel.qos._on_collect.cancel()  # it would try to give the message back at the end of the process


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_that_breaks_with_a_message_unacknowledged_ends_no_worker(
    with_message: tuple[Any, Any], valkey_process: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, message = with_message
    assert isinstance(connection.transport, broker.Transport)
    consumer = consumer_of(connection)
    valkey_process(signal.SIGKILL)
    consumer.on_connection_error_after_connected(ConnectionError("closed"))
    assert consumer.connection is None
    with pytest.raises(redis.ConnectionError):  # as from a task that was running, which a worker expects
        message.ack()

    tries: list[str] = []

    def back_at_the_third() -> None:
        tries.append("in vain")
        if len(tries) == 2:
            back_with_nothing()

    monkeypatch.setattr(broker, "maybe_shutdown", back_at_the_third)
    again = consumer.ensure_connected(app.connection_for_read())
    assert again.connected
    again.release()


@pytest.mark.parametrize("scheme", ["redis", "rediss", "sentinel"])
def test_the_worker_command_uses_these_connections_from_its_first_on(scheme: str) -> None:
    url = "sentinel://127.0.0.1:1/cheers/0" if scheme == "sentinel" else f"{scheme}://127.0.0.1:1/0"
    assert run(CONNECTS, REDIS_URL=url) == {"module": "core.broker"}


def test_who_publishes_does_not_wait_for_it(
    valkey_process: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slept(seconds: float) -> None:
        raise AssertionError(f"slept for {seconds} s")

    monkeypatch.setattr("kombu.utils.functional.sleep", slept)
    valkey_process(signal.SIGKILL)
    with app.connection_for_write() as connection, pytest.raises(kombu.exceptions.OperationalError):
        app.send_task("match_region", ("nyc",), queue=match_queue("nyc"), connection=connection)
    with app.connection_for_write() as connection, pytest.raises(kombu.exceptions.OperationalError):
        app.control.broadcast("ping", reply=True, timeout=0.1, limit=1, connection=connection)
