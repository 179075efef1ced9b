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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection

from bench.accounts import make_accounts, make_crowd
from bench.crowd import Crowd
from bench.delivery_runs import cpu_s, memory_bytes, show
from bench.measuring import machine
from bench.program import BASE, Program, free_port
from bench.storm_watch import START_S, Watch

PATHS = {"partner": "/partner/notification", "user": "/user/notification"}
STATISTICS_S = 11.0  # until an idle connection of PostgreSQL has told its statistics
WARM_UP_S = 2.0
STOP_MAX_S = 10.0  # on a busy machine; 3 s are promised
STOPPED_SOCKETS = 600
MB = 1e6


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
            env={**os.environ, "PORT": str(port), "LOG_LEVEL": "INFO"},  # its lines are looked through
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
    port: int, path: str, tokens: Sequence[str], options: argparse.Namespace
) -> Iterator[list["subprocess.Popen[str]"]]:
    """Run processes of phones, which begin together; they leave when the block ends."""
    begin_at = time.time() + 2.0
    started = []
    for number in range(options.clients):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.phones"], cwd=BASE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        plan = {
            "port": port,
            "path": path,
            "tokens": tokens[number :: options.clients],
            "begin_at": begin_at,
            "within_s": options.within,
            "waves": options.waves,
            "wave_every_s": options.wave_every,
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


def storm(program: Program, options: argparse.Namespace, tokens: Sequence[str], log: Path) -> bool:
    """Measure one storm. Returns whether all phones came back."""
    path, pause_s = PATHS[options.role], max(STATISTICS_S if options.alone else WARM_UP_S, options.settle)
    partner, user = (make_accounts(role, 1)[0][1] for role in PATHS)  # beside those of the storm
    with server(log) as (process, port), ExitStack() as watching:
        watch = Watch(replace(program, ws_url=f"ws://127.0.0.1:{port}"), path, tokens[-1], partner, user)
        if not options.alone:
            watching.enter_context(watch.watching())
        time.sleep(pause_s)
        counted, counted_at = statements(), time.monotonic()
        memory, used, peak = memory_bytes(process.pid), cpu_s(process.pid), Peak(process.pid)
        peak.start()
        watch.forget()
        with phones(port, path, tokens[: options.sockets], options) as processes:
            outcome = outcome_of(processes, options.sockets)
            used = cpu_s(process.pid) - used
            peak.over.set()
            watching.close()
            report(outcome, used, watch)
            time.sleep(pause_s)
            counted, counted_at, since_s = statements() - counted, time.monotonic(), time.monotonic() - counted_at
            with_all, later = memory_bytes(process.pid), statements()
        time.sleep(pause_s)
        others = (statements() - later) / (time.monotonic() - counted_at)  # a second, of the sweep above all
        without = memory_bytes(process.pid)
    if options.alone:
        show("statements a connection", f"{(counted - others * since_s) / options.sockets:.2f}")
    show("memory: before, peak", f"{memory / MB:.0f}, {peak.highest / MB:.0f} MB")
    show("memory later: all there, all gone", f"{with_all / MB:.0f}, {without / MB:.0f} MB")
    show("memory of a socket", f"{(with_all - memory) / options.sockets / 1e3:.1f} kB")
    return outcome.all_back


def report(outcome: Outcome, used_s: float, watch: Watch) -> None:
    """Print the figures of a storm."""
    back = max(1, len(outcome.after_s))
    last = f"{of(outcome.after_s, 1.0):.1f} s" if outcome.all_back else f"{len(outcome.after_s)} only"
    show(f"{outcome.phones:,} phones, all back after", last, f"p50 {of(outcome.after_s, 0.5):.1f} s")
    others = {name: count for name, count in outcome.counts.items() if name not in ("back", "tries")}
    show("tries", f"{outcome.counts['tries']:,}", ", ".join(f"{name} {count:,}" for name, count in others.items()))
    show("CPU a connection", f"{used_s / back * 1e3:.2f} ms")
    for what, values in (
        ("ping on an open socket", watch.pings_s),
        ("GET /healthz", watch.answers_s),
        (f"{len(watch.offers_s)} requests, each to its offer", watch.offers_s),
    ):
        show(
            f"{what}: p50, p99, max", ", ".join(f"{of(values, share) * 1e3:.0f}" for share in (0.5, 0.99, 1.0)) + " ms"
        )


def stop_in_a_storm(options: argparse.Namespace, tokens: Sequence[str], log: Path, rng: random.Random) -> float:
    """Send SIGTERM to a process somewhere in a storm. Returns the seconds until it has ended."""
    with server(log) as (process, port), phones(port, PATHS[options.role], tokens, options):
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
    tokens = make_crowd(options.role, options.sockets + 1)
    log = program.data / "storm.log"
    good = storm(program, options, tokens, log)
    rng = random.Random(options.sockets)
    ends = [stop_in_a_storm(options, tokens[:STOPPED_SOCKETS], log, rng) for _ in range(options.stops)]
    if ends:
        show("SIGTERM in a storm, ended after", f"{max(ends):.1f} s at most", f"{len(ends)} times")
    told = log.read_text()
    names = told.count("@bench.test") + sum(told.count(token[:15]) for token in tokens)
    show("lines in the log", f"{len(told.splitlines()):,}", f"{names} with a name or a credential")
    good = good and max(ends, default=0.0) <= STOP_MAX_S and not names
    return 0 if good or not options.check else 1
