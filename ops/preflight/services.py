"""Asks PostgreSQL and Valkey what is really in force."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core import sentinels, valkey
from ops.preflight import Check, Finding, error, ok, warning

CLOCKS_DIFFER_S = 2.0
POSTGRESQL_LEAST = 140000
VALKEY_LEAST = (6, 2)
SENTINELS_LEAST = 3  # two can't outvote anybody
LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
SHARE_OF_CONNECTIONS = 0.8  # beyond it, a rolling restart or a person at a prompt finds no room


@dataclass(frozen=True)
class Fleet:
    """How many processes of each kind run, over all machines."""

    web: int = 4
    sockets: int = 1
    workers: int = 1
    sweeps: int = 2

    @property
    def connections(self) -> int:
        """The connections that they hold at most: threads keep theirs (docs/production.md has the arithmetic)."""
        return self.web * 8 + self.sockets * 9 + self.workers * 5 + self.sweeps * 4


def ask(query: str) -> Any:
    """Return the one row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()


def database() -> Iterator[Finding]:
    """Look at the kind and version of the database, and at its migrations."""
    if connection.vendor != "postgresql":
        yield error(
            "database", "It is SQLite, which one process at a time can write to.", "Set DATABASE_URL=postgres://…."
        )
    else:
        (version,) = ask("SELECT current_setting('server_version_num')::int")
        if version < POSTGRESQL_LEAST:
            yield error("database", f"PostgreSQL {version // 10000} is too old.", "Use PostgreSQL 14 or newer.")
        else:
            yield ok("database", f"PostgreSQL {version // 10000} answers.")
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        yield error("migrations", f"{missing} migrations are not applied.", "Run manage.py migrate.")
    else:
        yield ok("migrations", "All are applied.")


def database_servers() -> Iterator[Finding]:
    """Look at whether we write to a primary, and whether what it confirms outlives it."""
    if connection.vendor != "postgresql":
        return
    given = connection.get_connection_params()
    hosts = str(given.get("host", "")).split(",")
    wanted = given.get("target_session_attrs", "any")
    if len(hosts) > 1 and wanted not in ("read-write", "primary"):
        yield error(
            "database servers",
            "DATABASE_URL names several servers, and a connection may end at a replica.",
            "Add ?target_session_attrs=read-write.",
        )
    replica, commits, synchronous = ask(
        "SELECT pg_is_in_recovery(), current_setting('synchronous_commit'), "
        "current_setting('synchronous_standby_names')"
    )
    if replica:
        yield error("database servers", "The server is a replica and refuses writes.", "Lead us to the primary.")
    if commits == "off":
        yield error(
            "database servers",
            "synchronous_commit is off: a crash loses commits that were confirmed.",
            "Set synchronous_commit to on for this role and database.",
        )
    elif len(hosts) > 1 and (commits == "local" or not synchronous):
        yield warning(
            "database servers",
            "No replica is synchronous: a failover may lose the last commits.",
            "With Patroni, set synchronous_mode.",
        )
    elif not replica:
        yield ok("database servers", "We write to a primary that keeps what it confirms.")


def time_outs() -> Iterator[Finding]:
    """Look at the limits that a connection of this program really has."""
    if connection.vendor != "postgresql":
        return
    asked = ", ".join(f"current_setting('{name}')" for name in LIMITS)
    values = dict(zip(LIMITS, ask(f"SELECT {asked}"), strict=True))
    for name, value in values.items():
        if value == "0":
            yield error(
                "time-outs",
                f"{name} is 0 on our connections: one forgotten session holds up everybody.",
                f"Behind a pooler the role has it: ALTER ROLE … SET {name} = '{_wanted_s()[name]}s'; then reconnect.",
            )
        else:
            yield ok("time-outs", f"{name} is {value}.")


def _wanted_s() -> dict[str, int]:
    wanted = (settings.DATABASE_LOCK_WAIT_S, settings.DATABASE_STATEMENT_TIMEOUT_S or 30, settings.DATABASE_IDLE_S)
    return dict(zip(LIMITS, wanted, strict=True))


def connections_of(fleet: Fleet) -> Check:
    """Return the check of a fleet's connections against what the server grants."""

    def connections() -> Iterator[Finding]:
        if connection.vendor != "postgresql":
            return
        most, reserved, of_role = ask(
            "SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int, "
            "(SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)"
        )
        room = most - reserved if of_role < 0 else min(most - reserved, of_role)
        said = f"These processes hold up to {fleet.connections} connections, and {room} are granted."
        if fleet.connections > room:
            yield error("connections", said, "Raise max_connections, run fewer processes, or put PgBouncer between.")
        elif fleet.connections > room * SHARE_OF_CONNECTIONS:
            yield warning("connections", said, "Leave a fifth for restarts, migrations and people.")
        else:
            yield ok("connections", said)

    return connections


def clocks() -> Iterator[Finding]:
    """Compare this machine's clock with the database's and Valkey's."""
    if connection.vendor == "postgresql":
        yield _clock("the database", lambda: ask("SELECT clock_timestamp()")[0])
    seconds = valkey.client().time
    yield _clock("Valkey", lambda: datetime.fromtimestamp(seconds()[0], UTC))


def _clock(whose: str, now: Callable[[], datetime]) -> Finding:
    now()  # the first call connects
    before, begun = datetime.now(UTC), time.monotonic()
    theirs = now()
    off = theirs - before - timedelta(seconds=(time.monotonic() - begun) / 2)
    if abs(off).total_seconds() > CLOCKS_DIFFER_S:
        return error(
            "clocks",
            f"The clock of {whose} is {off.total_seconds():+.1f} s from this machine's.",
            "Run a time service (chrony, systemd-timesyncd) on both.",
        )
    return ok("clocks", f"The clock of {whose} agrees.")


def valkey_server() -> Iterator[Finding]:
    """Look at Valkey's version, at what it does when its memory is full, and at whether it refuses writes."""
    told = valkey.client().info()
    version = str(told.get("valkey_version") or told["redis_version"])
    if tuple(int(part) for part in str(told["redis_version"]).split(".")[:2]) < VALKEY_LEAST:
        yield error("valkey", f"Version {version} is too old.", "Use Valkey, or Redis 6.2 or newer.")
    else:
        yield ok("valkey", f"Version {version} answers.")
    policy = str(told["maxmemory_policy"])
    if policy != "noeviction":
        yield error(
            "valkey",
            f"maxmemory-policy is {policy}: wake-ups, positions and rate limits would disappear.",
            "Set maxmemory-policy noeviction, and give it the memory that it needs.",
        )
    if settings.VALKEY_IS_EMBEDDED:
        yield error("valkey", "It is the embedded one, for one machine.", "Set REDIS_URL.")
    if told.get("rdb_last_bgsave_status") == "err" or told.get("aof_last_write_status") == "err":
        yield error(
            "valkey",
            "It can't write its data to disk, and may refuse all writes because of that.",
            "Nothing in it needs saving: set save '' and appendonly no.",
        )
    elif told.get("aof_enabled"):
        yield warning(
            "valkey", "It writes every change to disk (appendonly).", "Nothing in it needs saving: appendonly no."
        )


def valkey_servers() -> Iterator[Finding]:
    """Look at the Sentinels, if there are any: whether they could name another primary."""
    address = sentinels.parse(settings.REDIS_URL)
    if address is None:
        return
    asked = sentinels.Sentinels(address).sentinels
    states = [state for state in (_state(sentinel, address.name) for sentinel in asked) if state is not None]
    silent = len(asked) - len(states)
    if silent or len(asked) < SENTINELS_LEAST:
        yield warning(
            "sentinels",
            f"{len(states)} of {len(asked)} Sentinels answer for {address.name}.",
            "Run three or more on different machines, and name them all in REDIS_URL.",
        )
    if len({(state["ip"], state["port"]) for state in states}) > 1:
        yield error("sentinels", "They don't agree on the primary.", "Wait for a failover to end, or see their logs.")
    elif not any(state["num-slaves"] for state in states):
        yield error("sentinels", "The primary has no replica to replace it.", "Start one with replicaof.")
    elif len(states) * 2 <= max(state["num-other-sentinels"] + 1 for state in states):
        yield error("sentinels", "Too few answer to name another primary.", "Start the others.")
    elif not silent:
        yield ok("sentinels", f"{len(states)} agree on the primary of {address.name}.")


def _state(sentinel: Any, name: str) -> Any:
    """Return how one Sentinel sees the primary, or None."""
    try:
        return sentinel.sentinel_master(name)
    except valkey.Unreachable:
        return None


def checks(fleet: Fleet) -> tuple[Check, ...]:
    """Return the checks of the services for an installation of this size."""
    return (database, database_servers, time_outs, connections_of(fleet), clocks, valkey_server, valkey_servers)
