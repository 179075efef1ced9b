"""The faults of a drill. Each fault is over when its function returns; the system must then recover."""

import asyncio
import contextlib
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

import psycopg
import redis
from psycopg import sql

from drill.outside import SILENT_S, SLOW_S
from drill.system import System
from testbed.processes import family_of

STOPPED_S = 3.0
TWIN_S = 8.0
LAUNCHES = 100


@dataclass(frozen=True)
class Fault:
    """One kind of fault. `strike` breaks something and returns once the fault is over."""

    name: str
    strike: Callable[[System], Awaitable[None]]


# ---------------------------------------------------------------- processes


async def signalled(number: int, *parts: str, system: System) -> None:
    """Send a signal to parts of the system."""
    for part in parts:
        system.signal(part, number)


async def stopped(part: str, system: System) -> None:
    """Pause a part for a while, as on a machine that swaps or a paused virtual one."""
    pid = system.signal(part, signal.SIGSTOP)
    await asyncio.sleep(STOPPED_S)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def doubled(command: str, system: System) -> None:
    """Run a second process of a part beside the first for a while, then kill it."""
    process = system.start_second(command)
    await asyncio.sleep(TWIN_S)
    process.kill()
    process.wait()


# ---------------------------------------------------------------- Valkey


def _valkey(system: System) -> "redis.Redis":
    return redis.Redis(unix_socket_path=str(system.valkey_folder / "valkey.sock"), socket_timeout=5)


async def valkey_killed(system: System, *, keeping: bool) -> None:
    """Kill Valkey. If `keeping`, it saves its data first and reads them at its next start; else they are lost."""
    snapshot = system.valkey_folder / "dump.rdb"
    with contextlib.suppress(redis.RedisError):
        if keeping:
            await asyncio.to_thread(_valkey(system).save)
    if not keeping:
        snapshot.unlink(missing_ok=True)
    system.signal("valkey", signal.SIGKILL)


async def valkey_emptied(system: System) -> None:
    """Delete all data in Valkey."""
    with contextlib.suppress(redis.RedisError):
        await asyncio.to_thread(_valkey(system).flushall)


async def valkey_disconnected(system: System) -> None:
    """Cut every connection to Valkey."""
    with contextlib.suppress(redis.RedisError):
        client = _valkey(system)
        for kind in ("normal", "pubsub"):
            await asyncio.to_thread(client.client_kill_filter, _type=kind, skipme=True)


# ---------------------------------------------------------------- PostgreSQL


def _terminate(url: str) -> None:
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def _backend(url: str, rng: Random) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            sql.SQL("SELECT pid FROM pg_stat_activity WHERE backend_type = {} AND pid <> pg_backend_pid()").format(
                sql.Literal("client backend")
            )
        ).fetchall()
    return int(rng.choice(rows)[0]) if rows else 0


async def connections_cut(system: System) -> None:
    """Have the server end every connection of the program."""
    assert system.postgres is not None
    await asyncio.to_thread(_terminate, system.postgres.url)


async def backend_killed(rng: Random, system: System) -> None:
    """Kill one backend; the server then ends all of them and recovers from its log."""
    assert system.postgres is not None
    with contextlib.suppress(psycopg.Error, ProcessLookupError):
        if pid := await asyncio.to_thread(_backend, system.postgres.url, rng):
            os.kill(pid, signal.SIGKILL)


async def postgres_restarted(number: int, system: System) -> None:
    """End the server by a signal (SIGINT: a fast but orderly stop; SIGKILL: a crash) and start it again."""
    postgres = system.postgres
    assert postgres is not None
    postgres.process.send_signal(number)
    await asyncio.to_thread(postgres.process.wait)
    for _ in range(LAUNCHES):  # a new server can't start before orphaned backends have ended
        postgres.launch()
        await asyncio.sleep(0.3)
        if postgres.process.poll() is None:
            return
    raise RuntimeError(f"PostgreSQL does not start again: {postgres.log.read_text()[-2000:]}")


async def postgres_stopped(system: System) -> None:
    """Pause the server and all its backends for a while."""
    assert system.postgres is not None
    family = family_of(system.postgres.process.pid)
    for number, pause_s in ((signal.SIGSTOP, STOPPED_S), (signal.SIGCONT, 0.0)):
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        await asyncio.sleep(pause_s)


# ---------------------------------------------------------------- SQLite


async def sqlite_locked(system: System) -> None:
    """Lock the database for writing for a while, from another connection."""
    file = system.stack.data / "speedycheers.sqlite3"
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(STOPPED_S)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


# ---------------------------------------------------------------- all of them


def faults_of(database: str, rng: Random, *, payments: bool = False) -> list[Fault]:
    """Every kind of fault that applies to a system on this database."""
    kill, end = signal.SIGKILL, signal.SIGTERM
    faults = [
        Fault("worker killed", lambda system: signalled(kill, "worker", system=system)),
        Fault("worker stopped for 3 s", partial(stopped, "worker")),
        Fault("worker told to end", lambda system: signalled(end, "worker", system=system)),
        Fault("web and sockets killed", lambda system: signalled(kill, "web", system=system)),
        Fault("web and sockets stopped for 3 s", partial(stopped, "web")),
        Fault("web and sockets told to end", lambda system: signalled(end, "web", system=system)),
        Fault("sweep killed", lambda system: signalled(kill, "sweep", system=system)),
        Fault("sweep stopped for 3 s", partial(stopped, "sweep")),
        Fault("two sweeps for 8 s", partial(doubled, "sweep")),
        Fault("Valkey killed, data lost", lambda system: valkey_killed(system, keeping=False)),
        Fault("Valkey killed, data kept", lambda system: valkey_killed(system, keeping=True)),
        Fault("Valkey stopped for 3 s", partial(stopped, "valkey")),
        Fault("Valkey emptied", valkey_emptied),
        Fault("Valkey's connections cut", valkey_disconnected),
        Fault("worker and Valkey killed", lambda system: signalled(kill, "worker", "valkey", system=system)),
    ]
    if database == "postgres":
        faults += [
            Fault("database connections cut", connections_cut),
            Fault("database backend killed", partial(backend_killed, rng)),
            Fault("database killed and started", partial(postgres_restarted, kill)),
            Fault("database restarted", partial(postgres_restarted, signal.SIGINT)),
            Fault("database stopped for 3 s", postgres_stopped),
        ]
    else:
        faults.append(Fault("database locked for 3 s", sqlite_locked))
    if payments:
        faults += [
            Fault("payment provider killed", lambda system: signalled(kill, "payments", system=system)),
            Fault("payment provider stopped for 3 s", partial(stopped, "payments")),
        ]
    return faults


def faults_outside() -> list[Fault]:
    """Every kind of fault of the push service and the mail server."""
    return [
        Fault("push service answers 429", lambda system: system.outside.push_answers(429)),
        Fault("push service answers 500", lambda system: system.outside.push_answers(500)),
        Fault("push service slow", lambda system: system.outside.push_slow(SLOW_S)),
        Fault("push service takes and is silent", lambda system: system.outside.push_slow(SILENT_S)),
        Fault("push service away", lambda system: system.outside.push_away()),
        Fault("mail server refuses", lambda system: system.outside.mail_refuses()),
        Fault("mail server slow", lambda system: system.outside.mail_slow()),
        Fault("mail server takes and hangs up", lambda system: system.outside.mail_hangs_up()),
        Fault("mail server away", lambda system: system.outside.mail_away()),
    ]


class Chooser:
    """Draws faults without end, in an order given by a seed: each kind once per round, so that a long drill has all."""

    def __init__(self, kinds: list[Fault], rng: Random) -> None:
        self._rng = rng
        self._kinds = kinds
        self._round: list[Fault] = []

    def next(self) -> Fault | None:
        """The next fault, or None if there are no more."""
        if not self._round:
            self._round = self._rng.sample(self._kinds, len(self._kinds))
        return self._round.pop()


def chooser_of(database: str, seed: int, *, payments: bool = False) -> Chooser:
    """The faults of the parts of a system."""
    rng = Random(f"faults {seed}")
    return Chooser(faults_of(database, rng, payments=payments), rng)


class InOrder(Chooser):
    """Gives these faults in order, then those of a second list for ever."""

    def __init__(self, first: list[Fault], then: list[Fault]) -> None:
        self._faults = self._all(first, then)

    @staticmethod
    def _all(first: list[Fault], then: list[Fault]) -> Iterator[Fault]:
        yield from first
        while True:
            yield from then

    def next(self) -> Fault | None:
        return next(self._faults)
