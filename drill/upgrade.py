"""The suite `upgrade`: release N is replaced by N+1, process by process and under load.

Its migration has to wait behind a long reader. The steps are those of docs/run/upgrade.md.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from drill.faults import Chooser, Fault
from drill.lines import Line, zero
from drill.probe import HOME
from drill.rolling_system import NEXT, PARTS, TABLE, RollingSystem, add_migration, put_release
from drill.run import Outcome
from drill.system import System
from simulator.accounts import DEVELOPMENT_SECRET, Keyring
from simulator.cards import save_card
from simulator.client import Api
from simulator.running import bot_account
from testbed.processes import wait_until

READER_S = 8.0  # from the moment that the migration waits
MIGRATES_S = 60.0
WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
STALL_MAX_S = 1.0
RELOADED_S = 120.0
SETTLED_S = 3.0  # from one step to the next
EVERY_S = 0.05
SERVER_FAULT = 500


@dataclass
class Watch:
    """Calls made one after the other, each timed and none repeated: a read of the altered table, and writes."""

    url: str
    provider: str
    longest: dict[str, float] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    _ending: bool = False

    async def run(self) -> None:
        """Call until `end`."""
        api = Api(self.url)
        account = bot_account(api, Keyring(None, self.url), kind="watch", number=1, secret=DEVELOPMENT_SECRET)
        headers = {"Authorization": f"Bearer {await account.token()}"}
        if self.provider:
            await save_card(account, self.provider)
        await api.close()
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60.0, trust_env=False) as http:
            while not self._ending:
                await self._call(http, "GET", "/cheerRequest")
                made = await self._call(
                    http, "POST", "/cheerRequest", {"location": HOME.as_json(), "requestType": "classic"}
                )
                if made is not None and made.is_success:
                    await self._call(http, "POST", f"/cheerRequest/{made.json()['requestId']}/cancel", {})
                await asyncio.sleep(EVERY_S)

    def end(self) -> None:
        """Let `run` return after its present call."""
        self._ending = True

    async def _call(
        self, http: httpx.AsyncClient, method: str, path: str, body: dict[str, object] | None = None
    ) -> httpx.Response | None:
        began, name, answer = time.perf_counter(), f"{method} {path.rpartition('/')[2]}", None
        try:
            answer = await http.request(method, path, json=body)
            if answer.status_code >= SERVER_FAULT:
                self.faults[f"{name}: {answer.status_code}"] += 1
        except httpx.TransportError as error:
            self.faults[f"{name}: {type(error).__name__}"] += 1
        self.calls += 1
        self.longest[name] = max(self.longest.get(name, 0.0), time.perf_counter() - began)
        return answer


class Upgrade:
    """The one fault of the suite, and what was seen of it."""

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self.before: dict[str, list[int]] = {}
        self.left: list[str] = []  # processes of the release before, at the end
        self.steps: list[tuple[str, float]] = []
        self.migrated = False

    async def strike(self, system: System) -> None:
        """Replace the release."""
        assert isinstance(system, RollingSystem)
        self.watch = Watch(system.url, system.provider)
        watching = asyncio.create_task(self.watch.run())
        self.before = system.running()
        try:
            await self._steps(system)
        finally:
            self.watch.end()
            await watching
        after = system.running()
        with psycopg.connect(system.database) as connection:
            held = connection.execute("SELECT 1 FROM django_migrations WHERE name = %s", [Path(NEXT).stem])
            self.migrated = held.fetchone() is not None
        self.left = [name for name, pids in self.before.items() if set(pids) & set(after[name])]

    async def _steps(self, system: RollingSystem) -> None:
        put_release(system.release)
        add_migration(system.release)
        await self._step("migrate", self._migrate, system)
        await self._step("web", self._reload, system)
        for name in PARTS[1:]:
            await self._step(name, self._restart, system, name)

    async def _step(self, name: str, work: object, *arguments: object) -> None:
        began = time.perf_counter()
        await asyncio.to_thread(work, *arguments)  # type: ignore[arg-type]
        self.steps.append((name, time.perf_counter() - began))
        await asyncio.sleep(SETTLED_S)

    @staticmethod
    def _migrate(system: RollingSystem) -> None:
        with psycopg.connect(system.database) as reader, psycopg.connect(system.database, autocommit=True) as watcher:
            reader.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(TABLE)))
            migration = system.manage("migrate", "--noinput")
            wait_until(lambda: watcher.execute(WAITS, [TABLE]).fetchone(), MIGRATES_S, "the migration waits")
            time.sleep(READER_S)
        system.finish(migration)

    def _reload(self, system: RollingSystem) -> None:
        old = set(self.before["web"])
        system.units["web"].send_signal(1)
        wait_until(lambda: not old & set(system.running()["web"]), RELOADED_S, "granian has new workers")

    @staticmethod
    def _restart(system: RollingSystem, name: str) -> None:
        system.end(name)
        system.start(name)

    def measures(self, outcome: Outcome) -> list[Line]:
        """The measures of the suite."""
        assert self.watch is not None
        cut_off = sum(count for what, count in outcome.errors.items() if ": 5" in what or what.endswith("Error"))
        name, longest_s = max(self.watch.longest.items(), key=lambda item: item[1])
        steps = [Line(f"  step {step}", f"{seconds:.1f} s") for step, seconds in self.steps]
        return [
            zero("5xx and calls cut off", cut_off + self.watch.faults.total()),
            Line(
                f"longest stall ({name})", f"{longest_s:.2f} s", f"at most {STALL_MAX_S:g} s", longest_s <= STALL_MAX_S
            ),
            Line("  of timed calls", str(self.watch.calls)),
            zero("processes of release N left", len(self.left)),
            zero("migrations left to do", int(not self.migrated)),
            *steps,
        ]


class Once(Chooser):
    """Gives one fault, and then none."""

    def __init__(self, fault: Fault) -> None:
        self._left = [fault]

    def next(self) -> Fault | None:
        return self._left.pop() if self._left else None
