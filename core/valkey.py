"""The one Valkey connection pool of this process. Valkey holds hints: every caller can do without an answer.

Every command, on its own, in a pipeline, of a script, a lock or Django's cache, passes `RetryOnce`, which refuses to
run inside a transaction.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from core.transactions import require_no_transaction

Unreachable = redis.RedisError
SPARED_S = 1.0  # after a call that waited in vain, so long nobody else waits


class RetryOnce(Retry):
    """Runs each command outside of transactions, and once more where a restart has broken a connection.

    redis-py's default waits for seconds. A Valkey that is there and hangs is not tried again: further commands are
    refused for `SPARED_S`, since an operation that makes five calls must not wait five times.
    """

    hung_at = -SPARED_S  # on the monotonic clock; one for all connections of the process

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


class CachePool(redis.ConnectionPool):
    """The connections of Django's cache, which behave as our own do. Named in the settings."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, retry=RetryOnce(), **options)


@cache
def client() -> redis.Redis:
    """The shared client; it answers bytes. Its calls raise `Unreachable` within `VALKEY_TIMEOUT_S`."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.VALKEY_TIMEOUT_S,
        socket_connect_timeout=settings.VALKEY_TIMEOUT_S,
        health_check_interval=30,
        retry=RetryOnce(),
    )


class Script:
    """A Lua script that Valkey knows by its digest, so that a call carries forty bytes instead of the text.

    An emptied or restarted Valkey has forgotten it: then it is sent again, and the call repeated. A pipeline is
    repeated whole, so what stands in one must be safe to run twice.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run it once. Raises `Unreachable`."""
        return self._known(lambda: client().evalsha(self.digest, len(keys), *keys, *arguments))

    def pipelined(self, calls: Sequence[tuple[Sequence[str], Sequence[Any]]]) -> list[Any]:
        """Run it for each `(keys, arguments)` in one round trip; the answers in that order. Raises `Unreachable`."""

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
