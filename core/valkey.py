"""The one Valkey connection pool of this process. Valkey stores hints only: every caller can do without an answer.

Every command (alone, in a pipeline, or from a script, a lock or Django's cache) goes through `RetryOnce`, which
refuses to run inside a transaction.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from core import sentinels
from core.transactions import require_no_transaction

Unreachable = redis.RedisError
SPARED_S = 1.0  # after a call has timed out, further calls fail immediately for this time


class RetryOnce(Retry):
    """Refuses commands inside transactions, and retries a command once if the connection is broken, as by a restart.

    redis-py's default retries for seconds. If Valkey hangs, the command is not retried, and further commands are
    refused for `SPARED_S`, because an operation that makes five calls must not wait five times.
    """

    hung_at = -SPARED_S  # by the monotonic clock; shared by all connections of the process

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 1, (redis.ConnectionError,))

    def call_with_retry(self, do: Callable[[], Any], fail: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a command. Raises `Unreachable`, and `InsideTransaction` without sending anything."""
        require_no_transaction("Valkey")
        if time.monotonic() - RetryOnce.hung_at < SPARED_S:
            raise redis.TimeoutError("Valkey did not answer a moment ago.")
        try:
            return super().call_with_retry(do, fail, *args, **options)
        except redis.TimeoutError:
            RetryOnce.hung_at = time.monotonic()
            raise


class CachePool:
    """Makes the connection pools of Django's cache, with the same retries as our own. The settings name it."""

    @staticmethod
    def from_url(url: str, **options: Any) -> redis.ConnectionPool:
        """Return a pool of connections to this `REDIS_URL`."""
        return sentinels.pool(url, retry=RetryOnce(), **options)


@cache
def client() -> redis.Redis:
    """Return the shared client, which answers bytes. Its calls raise `Unreachable` within `VALKEY_TIMEOUT_S`."""
    pool = sentinels.pool(
        settings.REDIS_URL,
        socket_timeout=settings.VALKEY_TIMEOUT_S,
        socket_connect_timeout=settings.VALKEY_TIMEOUT_S,
        health_check_interval=30,
        retry=RetryOnce(),
    )
    return redis.Redis.from_pool(pool)


def subscriber() -> AbstractAsyncContextManager["redis.asyncio.Redis"]:
    """Return a client for an event loop, to be entered there."""
    return sentinels.subscriber(settings.REDIS_URL, socket_connect_timeout=settings.VALKEY_TIMEOUT_S)


def claim(key: str, for_s: float) -> bool:
    """Take a key for so many seconds; returns False while it is taken. Raises `Unreachable`.

    Valkey counts by its machine's clock. When that was set back, a key would be taken for as much longer, so one that
    has more than `for_s` left is free.
    """
    pipe = client().pipeline(transaction=False)
    pipe.set(key, 1, nx=True, px=round(for_s * 1000))
    pipe.pttl(key)
    was_free, left_ms = pipe.execute()
    if was_free:
        return True
    return is_overdue(left_ms, for_s) and bool(client().set(key, 1, px=round(for_s * 1000)))


def leads(key: str, name: str, for_s: float) -> bool:
    """Whether this process, by its name, is the one that holds a key, for `for_s` seconds more. Raises `Unreachable`.

    Another takes it within that time of its death. For a moment, two may think that they do.
    """
    if claim(key, for_s):
        client().set(key, name, px=round(1000 * for_s))
        return True
    if client().get(key) != name.encode():
        return False
    client().pexpire(key, round(1000 * for_s))
    return True


def drop_overdue(key: str, for_s: float) -> None:
    """Delete a key that was set for so many seconds, if it has more than these left. Raises `Unreachable`."""
    if is_overdue(client().pttl(key), for_s):
        client().delete(key)


def is_overdue(left_ms: Any, for_s: float) -> bool:
    """Whether a key that was set for `for_s` seconds has more left: Valkey's clock has been set back since."""
    return bool(left_ms > for_s * 1000)


class Script:
    """A Lua script that Valkey knows by its digest, so that a call carries forty bytes instead of the text.

    After a restart or a flush, Valkey has forgotten the script: it is loaded again and the call repeated. A pipeline is
    repeated as a whole, so every call in it must be safe to run twice.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run the script once. Raises `Unreachable`."""
        return self._known(lambda: client().evalsha(self.digest, len(keys), *keys, *arguments))

    def pipelined(self, calls: Sequence[tuple[Sequence[str], Sequence[Any]]]) -> list[Any]:
        """Run the script for each `(keys, arguments)` in one round trip. Raises `Unreachable`."""

        def run() -> Any:
            pipe = client().pipeline(transaction=False)
            for keys, arguments in calls:
                pipe.evalsha(self.digest, len(keys), *keys, *arguments)
            return pipe.execute()

        answers: list[Any] = self._known(run)
        return answers

    def _known(self, run: Callable[[], Any]) -> Any:
        try:
            return run()
        except NoScriptError:
            client().script_load(self.text)
            return run()
