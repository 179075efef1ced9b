"""The database, Valkey, and everything that uses Valkey: the cache, the channel layer and Celery."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from core import sentinels
from speedycheers.settings.base import DATA_DIR, env
from speedycheers.settings.process import PROCESS_KIND

# ---------------------------------------------------------------- database
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'speedycheers.sqlite3'}")
}
# Seconds to wait for a lock, then for a statement (0: without limit); an HTTP call is then answered with 503.
DATABASE_LOCK_WAIT_S: int = env.int("DATABASE_LOCK_WAIT_S", default=10)
DATABASE_STATEMENT_TIMEOUT_S: int = env.int("DATABASE_STATEMENT_TIMEOUT_S", default=30)
DATABASE_IDLE_S = 30  # then a session that is idle inside a transaction is terminated
# Whether connections are opened with these limits, which PgBouncer refuses: there the role has them instead.
DATABASE_STARTUP_OPTIONS: bool = env.bool("DATABASE_STARTUP_OPTIONS", default=True)
# Prepared statements on PostgreSQL. Turn them off behind a transaction-level pooler that does not support them.
DATABASE_PREPARE: bool = env.bool("DATABASE_PREPARE", default=DATABASE_STARTUP_OPTIONS)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads and then writes must hold the write lock from its start:
        # upgrading later fails immediately with "database is locked", regardless of the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_LOCK_WAIT_S,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"]["ENGINE"] = "core.postgresql"
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "application_name": f"speedycheers-{PROCESS_KIND}",  # in pg_stat_activity
        # After five executions on a connection, a statement is prepared: parsed and planned only once.
        "server_side_binding": DATABASE_PREPARE,
        "prepare_threshold": 5 if DATABASE_PREPARE else None,
        # A connection whose other end has vanished is noticed within about 15 s.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 15_000,
        # A session idle inside a transaction is terminated, which releases the locks that others wait for.
        "options": f"-c lock_timeout={DATABASE_LOCK_WAIT_S}s -c statement_timeout={DATABASE_STATEMENT_TIMEOUT_S}s "
        f"-c idle_in_transaction_session_timeout={DATABASE_IDLE_S}s",
        **DATABASES["default"].get("OPTIONS", {}),
    }
    if not DATABASE_STARTUP_OPTIONS:
        del DATABASES["default"]["OPTIONS"]["options"]
    # A cursor outlives its transaction's server connection behind a transaction-level pooler.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = not DATABASE_STARTUP_OPTIONS
# Threads live as long as their process, and so do their connections.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The number of this installation's cell, which is part of new ids (core/ids.py).
CELLS = 1024
CELL: int = env.int("CELL", default=0)
if not 0 <= CELL < CELLS:
    raise ImproperlyConfigured(f"CELL takes a number from 0 to {CELLS - 1}, not {CELL}.")

# ---------------------------------------------------------------- Valkey: hints only, rebuilt from the database
MAX_SOCKET_PATH_BYTES = 100  # the kernel's limit is 104 (macOS) or 108 (Linux)


def embedded_valkey_socket() -> Path:
    """The embedded Valkey's unix socket, in the data folder or, if that path is too long, in a temporary folder."""
    path = DATA_DIR / "valkey" / "valkey.sock"
    if len(str(path).encode()) <= MAX_SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"speedycheers-{name}" / "valkey.sock"


REDIS_URL: str = env.str("REDIS_URL", default="")
VALKEY_IS_EMBEDDED = not REDIS_URL
VALKEY_SOCKET = embedded_valkey_socket()
if VALKEY_IS_EMBEDDED:
    REDIS_URL = f"unix://{VALKEY_SOCKET}"
VALKEY_TIMEOUT_S = 2.0  # for each call; no call is worth a longer wait
try:
    CELERY_BROKER_URL, _of_sentinels, CELERY_BROKER_USE_SSL = sentinels.broker(REDIS_URL)
except ValueError as _unreadable:
    raise ImproperlyConfigured(str(_unreadable)) from None

CACHES = {
    "default": {
        "BACKEND": "core.json_cache.JSONCache",
        "LOCATION": [REDIS_URL],  # a list, because Django splits a string at commas
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "pool_class": "core.valkey.CachePool",
            "socket_timeout": VALKEY_TIMEOUT_S,
            "socket_connect_timeout": VALKEY_TIMEOUT_S,
        },
    }
}
# For consumers that use Channels groups. Our own events do not pass through it;
# notifications/hub.py has the measurements.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [sentinels.channel_host(REDIS_URL)]},
    }
}

# ---------------------------------------------------------------- Celery
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,  # seconds until an unacknowledged task is given to another worker
    "socket_timeout": VALKEY_TIMEOUT_S,
    "socket_connect_timeout": VALKEY_TIMEOUT_S,
    # Publishing fails immediately if the broker is away; by default Kombu would sleep for six seconds first, in the
    # middle of a web request. Workers, which wait for their broker, override this (core/broker.py).
    "max_retries": 0,
    **_of_sentinels,
}
CELERY_TASK_IGNORE_RESULT = True
# A web request must not wait for a broker that is away; the sweep wakes the task again.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = True
