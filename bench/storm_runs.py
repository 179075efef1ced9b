"""The measurements of `bench.storm` on the running program. Import it after the settings are loaded."""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from django.db import connection
from websockets.sync.client import connect

from bench.accounts import make_accounts
from bench.crowd import Crowd
from bench.delivery_runs import cpu_s, memory_bytes, show
from bench.measuring import machine
from bench.program import BASE, Program, free_port

PATHS = {"partner": "/partner/notification", "user": "/user/notification"}
START_S, STATISTICS_S = 60.0, 2.0
STOP_MAX_S = 10.0  # on a busy machine; 3 s are promised
PING_EVERY_S, ASK_EVERY_S = 0.05, 0.1
STOPPED_SOCKETS = 600
MB = 1e6


@dataclass
class Watch:
    """Times a socket that was open before the storm, and a caller of `/healthz`."""

    port: int
    path: str
    token: str
    pings_s: list[float] = field(default_factory=list)
    answers_s: list[float] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch in threads until the block ends."""
        over = threading.Event()
        ready = threading.Event()
        threads = [
            threading.Thread(target=self._ping, args=[over, ready]),
            threading.Thread(target=self._ask, args=[over]),
        ]
        for thread in threads:
            thread.start()
        ready.wait(START_S)
        yield
        over.set()
        for thread in threads:
            thread.join()

    def _ping(self, over: threading.Event, ready: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with connect(f"ws://127.0.0.1:{self.port}{self.path}", additional_headers=headers, compression=None) as link:
            link.recv()
            ready.set()
            while not over.wait(PING_EVERY_S):
                begun = time.perf_counter()
                link.send('{"type":"ping"}')
                while json.loads(link.recv(timeout=30))["type"] != "pong":
                    pass
                self.pings_s.append(time.perf_counter() - begun)

    def _ask(self, over: threading.Event) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False) as client:
            while not over.wait(ASK_EVERY_S):
                begun = time.perf_counter()
                client.get("/healthz")
                self.answers_s.append(time.perf_counter() - begun)


@dataclass
class Outcome:
    """The phones' report of a storm."""

    after_s: list[float]
    counts: Counter[str]
    phones: int

    @property
    def all_back(self) -> bool:
        """Whether every phone had its `hello` in time."""
        return len(self.after_s) == self.phones


@contextmanager
def server(log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a socket process that writes to a log; yield it and its port."""
    port = free_port()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "speedycheers.server"],
            cwd=BASE,
            env={**os.environ, "PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + START_S
        while not Crowd.is_listening(port):
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit(f"The socket process did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def phones(
    port: int, path: str, tokens: Sequence[str], clients: int, within_s: float
) -> Iterator[list["subprocess.Popen[str]"]]:
    """Run processes of phones, which begin together; they leave when the block ends."""
    begin_at = time.time() + 2.0
    started = []
    for number in range(clients):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.phones"], cwd=BASE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        plan = {
            "port": port,
            "path": path,
            "tokens": tokens[number::clients],
            "begin_at": begin_at,
            "within_s": within_s,
        }
        assert process.stdin is not None
        process.stdin.write(json.dumps(plan) + "\n")
        process.stdin.flush()
        started.append(process)
    time.sleep(max(0.0, begin_at - time.time()))
    try:
        yield started
    finally:
        for process in started:
            process.stdin.close()  # type: ignore[union-attr]
        for process in started:
            process.wait()


def outcome_of(processes: Sequence["subprocess.Popen[str]"], count: int) -> Outcome:
    """Wait for the phones' report."""
    after_s: list[float] = []
    counts: Counter[str] = Counter()
    for process in processes:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        after_s += [after for after in said["after_s"] if after is not None]
        counts.update(said["counts"])
    return Outcome(sorted(after_s), counts, count)


def statements() -> int:
    """The transactions of the database until now. Outside of blocks, each statement is one."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return 0
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def of(values: Sequence[float], share: float) -> float:
    """A quantile of some values; 0 for none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Peak(threading.Thread):
    """Notes the highest resident memory of a process."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.highest, self.over = pid, 0, threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.over.wait(0.1):
            self.highest = max(self.highest, memory_bytes(self.pid))


def storm(options: argparse.Namespace, tokens: Sequence[str], log: Path) -> bool:
    """Measure one storm. Returns whether all phones came back."""
    path = PATHS[options.role]
    with server(log) as (process, port):
        watch = Watch(port, path, tokens[-1])
        with watch.watching():
            time.sleep(STATISTICS_S)
            memory, peak = memory_bytes(process.pid), Peak(process.pid)
            before, used = statements(), cpu_s(process.pid)
            peak.start()
            with phones(port, path, tokens[: options.sockets], options.clients, options.within) as processes:
                outcome = outcome_of(processes, options.sockets)
                used = cpu_s(process.pid) - used
                peak.over.set()
                time.sleep(STATISTICS_S)
                asked = statements() - before
                time.sleep(options.settle)
                with_all = memory_bytes(process.pid)
            time.sleep(options.settle)
            without = memory_bytes(process.pid)
    report(outcome, used, asked, watch)
    show("memory: before, peak", f"{memory / MB:.0f}, {peak.highest / MB:.0f} MB")
    show(f"memory {options.settle:g} s later: all there, all gone", f"{with_all / MB:.0f}, {without / MB:.0f} MB")
    return outcome.all_back


def report(outcome: Outcome, used_s: float, asked: int, watch: Watch) -> None:
    """Print the figures of a storm."""
    back = max(1, len(outcome.after_s))
    last = f"{of(outcome.after_s, 1.0):.1f} s" if outcome.all_back else f"{len(outcome.after_s)} only"
    show(f"{outcome.phones:,} phones, all back after", last, f"p50 {of(outcome.after_s, 0.5):.1f} s")
    others = {name: count for name, count in outcome.counts.items() if name not in ("back", "tries")}
    show("tries", f"{outcome.counts['tries']:,}", ", ".join(f"{name} {count:,}" for name, count in others.items()))
    show("CPU a connection", f"{used_s / back * 1e3:.2f} ms")
    show("statements a connection", f"{asked / back:.1f}")
    for what, values in (("ping on an open socket", watch.pings_s), ("GET /healthz", watch.answers_s)):
        show(
            f"{what}: p50, p99, max", ", ".join(f"{of(values, share) * 1e3:.0f}" for share in (0.5, 0.99, 1.0)) + " ms"
        )


def stop_in_a_storm(path: str, tokens: Sequence[str], log: Path, rng: random.Random) -> float:
    """Send SIGTERM to a process somewhere in a storm. Returns the seconds until it has ended."""
    with server(log) as (process, port), phones(port, path, tokens, 1, START_S):
        time.sleep(rng.uniform(0.1, 3.0))
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        try:
            process.wait(2 * STOP_MAX_S)
        except subprocess.TimeoutExpired:
            return float("inf")
        return time.monotonic() - begun


def carry_out(program: Program, options: argparse.Namespace) -> int:
    """Create the accounts, storm, and print the figures. Returns the exit code."""
    print(f"\n{machine()}, {connection.vendor}\n")
    tokens = [token for _, token in make_accounts(options.role, options.sockets + 1)]
    log = program.data / "storm.log"
    good = storm(options, tokens, log)
    rng = random.Random(options.sockets)
    ends = [stop_in_a_storm(PATHS[options.role], tokens[:STOPPED_SOCKETS], log, rng) for _ in range(options.stops)]
    if ends:
        show("SIGTERM in a storm, ended after", f"{max(ends):.1f} s at most", f"{len(ends)} times")
    told = log.read_text()
    names = told.count("@bench.test") + sum(told.count(token[:15]) for token in tokens)
    show("lines in the log", f"{len(told.splitlines()):,}", f"{names} with a name or a credential")
    good = good and max(ends, default=0.0) <= STOP_MAX_S and not names
    return 0 if good or not options.check else 1
