"""The one Valkey connection pool of this process. Valkey holds hints: every caller can do without an answer."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

Unreachable = redis.RedisError


@cache
def client() -> redis.Redis:
    """The shared client; it answers bytes. Its calls raise `Unreachable` within `VALKEY_TIMEOUT_S`."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.VALKEY_TIMEOUT_S,
        socket_connect_timeout=settings.VALKEY_TIMEOUT_S,
        health_check_interval=30,
        # Once more, at once, for a connection that a restart has broken; the default waits for seconds.
        retry=Retry(NoBackoff(), 1),
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
