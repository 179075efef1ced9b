"""Valkey on several servers behind Sentinels: the primary is killed, and every client goes on at another."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from kombu import Connection
from kombu.exceptions import OperationalError

from core import sentinels, valkey
from core.json_cache import JSONCache
from notifications import hub
from ops.preflight import Level, services
from requests_app.wakeups import match_queue
from speedycheers.celery import app
from testbed.environment import make_folder
from testbed.processes import wait_until
from testbed.sentinels import SentinelSet
from tests.test_tls import CLIENTS, run

WAIT_S = 60.0


@pytest.fixture(scope="module")
def valkeys() -> Iterator[SentinelSet]:
    found = SentinelSet(make_folder() / "set", password="of-the-test")
    yield found
    found.stop()


@pytest.fixture
def through_sentinels(valkeys: SentinelSet, settings: Any) -> Iterator[SentinelSet]:
    """This process uses the set."""
    settings.REDIS_URL = valkeys.url
    valkey.client.cache_clear()
    yield valkeys
    valkey.client().close()
    valkey.client.cache_clear()
    valkey.RetryOnce.hung_at = -valkey.SPARED_S


def test_every_client_of_valkey_finds_the_primary_by_sentinels(valkeys: SentinelSet) -> None:
    said = run(CLIENTS, REDIS_URL=valkeys.url)
    assert said == dict.fromkeys(("commands", "cache", "hub", "layer", "broker"), True)


class Heard(hub.Hub):
    """A hub that notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    async def _dispatch(self, message: str) -> None:
        self.messages.append(message)


def publish(message: str) -> None:
    with suppress(valkey.Unreachable):
        valkey.client().publish(hub.PUSH_CHANNEL, message)


async def heard(own: Heard, message: str) -> None:
    """Wait until the hub hears what is published now."""
    async with asyncio.timeout(WAIT_S):
        while message not in own.messages:
            await asyncio.to_thread(publish, message)
            await asyncio.sleep(0.05)


def is_set(key: str) -> bool:
    with suppress(valkey.Unreachable):
        return bool(valkey.client().set(key, "1"))
    return False


def cached(cache: JSONCache) -> bool:
    """Whether the cache stores a value in Valkey and finds it."""
    with suppress(valkey.Unreachable):
        RedisCache.set(cache, "key", 1)
        return bool(RedisCache.get(cache, "key") == 1)
    return False


def sent(broker: Connection) -> bool:
    """Whether a message arrives."""
    with suppress(OperationalError, redis.RedisError):
        app.send_task("match_region", ("nyc",), queue=match_queue("nyc"), connection=broker)
        message = broker.default_channel.basic_get(match_queue("nyc"), no_ack=True)
        return message is not None
    return False


async def test_the_primary_is_killed_and_every_client_goes_on_by_itself(through_sentinels: SentinelSet) -> None:
    """Commands, cache, sockets and broker, each with connections to the killed server."""
    url, options, _ = sentinels.broker(through_sentinels.url)
    broker = Connection(url, transport_options={**app.conf.broker_transport_options, **options})
    cache = JSONCache([through_sentinels.url], {"OPTIONS": caches["default"]._options})  # type: ignore[attr-defined]
    own = Heard()
    listening = asyncio.create_task(own._listen())
    await heard(own, "before")
    assert await asyncio.to_thread(is_set, "before")
    assert await asyncio.to_thread(cached, cache)
    assert await asyncio.to_thread(sent, broker)
    dead = await asyncio.to_thread(through_sentinels.kill_primary)
    await asyncio.to_thread(wait_until, lambda: is_set("after"), WAIT_S, "a command")
    await asyncio.to_thread(wait_until, lambda: cached(cache), WAIT_S, "the cache")
    await asyncio.to_thread(wait_until, lambda: sent(broker), WAIT_S, "a message")
    await heard(own, "after")
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    broker.release()
    through_sentinels.restart(dead)
    await asyncio.to_thread(wait_until, through_sentinels.is_watched, WAIT_S, "the killed one follows")


def test_sentinels_that_hang_are_waited_for_once(through_sentinels: SentinelSet) -> None:
    """Each of them, for half a second; the next command does not ask at all."""
    for port in through_sentinels.sentinels:
        through_sentinels.signal(port, signal.SIGSTOP)
    try:
        with pytest.raises(redis.TimeoutError, match="The Sentinels do not answer"):
            valkey.client().ping()
        with pytest.raises(redis.TimeoutError, match="did not answer a moment ago"):
            valkey.client().ping()
    finally:
        for port in through_sentinels.sentinels:
            through_sentinels.signal(port, signal.SIGCONT)


def test_one_sentinel_that_hangs_delays_nothing_but_the_first_question(through_sentinels: SentinelSet) -> None:
    through_sentinels.signal(through_sentinels.sentinels[0], signal.SIGSTOP)
    try:
        assert valkey.client().ping()
        [*_, last] = valkey.client().connection_pool.sentinel_manager.sentinels  # type: ignore[attr-defined]
        assert last.connection_pool.connection_kwargs["port"] != through_sentinels.sentinels[0]
    finally:
        through_sentinels.signal(through_sentinels.sentinels[0], signal.SIGCONT)


def test_preflight_looks_at_the_sentinels(through_sentinels: SentinelSet) -> None:
    found = list(services.valkey_servers())
    assert [finding.level for finding in found] == [Level.OK], found
    through_sentinels.signal(through_sentinels.sentinels[0], signal.SIGSTOP)
    try:
        said = {finding.level: finding.said for finding in services.valkey_servers()}
    finally:
        through_sentinels.signal(through_sentinels.sentinels[0], signal.SIGCONT)
    assert said == {Level.WARNING: "2 of 3 Sentinels answer for cheers."}
