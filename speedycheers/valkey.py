"""The one Valkey connection pool of this process. Valkey holds hints: every caller can do without an answer."""

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
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
