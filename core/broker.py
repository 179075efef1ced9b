"""Reconnects a worker to its broker, quickly and without giving up."""

import logging
from typing import Any

import kombu.transport
import kombu.transport.redis
import redis
from celery.worker import consumer
from celery.worker.state import maybe_shutdown

log = logging.getLogger(__name__)

FIRST_S, STEP_S, LONGEST_S = 0.2, 0.3, 2.0


class Consumer(consumer.Consumer):
    """Reconnects soon after the broker is back.

    Celery's own consumer waits 2 s before its first try, 2 s longer before each further one, and gives up after 100.
    """

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection, after as many tries as it takes."""

        def note(error: Exception, interval_s: float) -> None:
            log.warning("no broker (%s); next try in %.1f s", type(error).__name__, interval_s)

        connected = conn.ensure_connection(
            note,
            max_retries=None,
            interval_start=FIRST_S,
            interval_step=STEP_S,
            interval_max=LONGEST_S,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected


class Lost:
    """Raises `ConnectionError` for a lost connection, where Kombu (5.7) raises `AttributeError`.

    After the worker has closed a broken connection, acknowledging or restoring a message finds a transport without a
    client. Nothing handles Kombu's AttributeError, so it ended the worker.
    """

    connection: Any

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection.client is None:
            raise redis.ConnectionError("The connection to the broker is gone.")
        return super()._connparams(asynchronous)  # type: ignore[misc]  # Kombu's, whose types leave it out


class Channel(Lost, kombu.transport.redis.Channel):
    """A channel to one server."""


class SentinelChannel(Lost, kombu.transport.redis.SentinelChannel):
    """A channel to the primary that the Sentinels name."""


class Transport(kombu.transport.redis.Transport):
    """Kombu's transport for Redis and Valkey, with our channels."""

    Channel = Channel


class SentinelTransport(kombu.transport.redis.SentinelTransport):
    """The same by Sentinels."""

    Channel = SentinelChannel


# Kombu looks a transport up once. A worker imports this module before it has a connection.
kombu.transport.TRANSPORT_ALIASES["redis"] = kombu.transport.TRANSPORT_ALIASES["rediss"] = "core.broker:Transport"
kombu.transport.TRANSPORT_ALIASES["sentinel"] = "core.broker:SentinelTransport"
