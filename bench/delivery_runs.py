"""The measurements of `bench.delivery` on the running program. Import it after the settings are loaded."""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from channels.layers import get_channel_layer

from bench.accounts import make_accounts
from bench.crowd import Crowd
from bench.measuring import machine
from bench.program import BASE, free_port
from core import valkey
from notifications.events import push

BATCH = 100  # frames handed over at a time
UNDER_WAY_MAX = 5000  # frames sent and not yet received; with more, Valkey would cut off a pub/sub subscriber
TEXT = "x" * 240  # with its envelope about the size of an offer's frame
WAIT_S = 60.0
LATENCY_ROUNDS = 400
SETTLE_S = 3.0
USER = "/user/notification"


# ---------------------------------------------------------------- the processes


@contextmanager
def server(command: Sequence[str], port: int) -> Iterator[int]:
    """Run a socket process on this port and yield its process id."""
    process = subprocess.Popen([sys.executable, *command], cwd=BASE, env={**os.environ, "PORT": str(port)})
    try:
        until = time.monotonic() + WAIT_S
        while not Crowd.is_listening(port):
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit("A socket process did not start.")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def memory_bytes(pid: int) -> int:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def cpu_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------- the measurements


def join(crowd: Crowd, accounts: Sequence[tuple[str, str]], devices: int = 1) -> None:
    """Open `devices` sockets for each account, and wait for their first frames."""
    expected = crowd.received + len(accounts) * devices
    headers = [f"Authorization: Bearer {token}" for _, token in accounts for _ in range(devices)]
    crowd.join([USER] * len(headers), headers)
    crowd.wait_for(expected, WAIT_S)


def frames_a_second(
    crowd: Crowd, recipients: Sequence[str], rounds: int, send: Callable[[list[str], int], None]
) -> float:
    """Send each recipient one frame per round, as fast as frames arrive. Returns frames a second."""
    before, sent, begun = crowd.received, 0, time.perf_counter()
    for number in range(1, rounds + 1):
        for start in range(0, len(recipients), BATCH):
            batch = list(recipients[start : start + BATCH])
            send(batch, number)
            sent += len(batch)
            crowd.wait_for(before + sent - UNDER_WAY_MAX, WAIT_S)
    crowd.wait_for(before + sent, WAIT_S)
    return sent / (time.perf_counter() - begun)


def frame(number: int) -> str:
    """The frame for every recipient."""
    return json.dumps({"type": "bench", "seq": number, "text": TEXT})


def measure_ours(options: argparse.Namespace, accounts: Sequence[tuple[str, str]]) -> float:
    """Measure one socket process of ours, and return its frames a second."""
    port = free_port()
    with server(["-m", "speedycheers.server"], port) as pid:
        crowd = Crowd(port)
        join(crowd, accounts[-BATCH:])  # so that one-time allocations are done
        time.sleep(SETTLE_S)
        before = memory_bytes(pid)
        join(crowd, accounts[: options.sockets])
        time.sleep(SETTLE_S)
        show("memory of a socket", f"{(memory_bytes(pid) - before) / options.sockets / 1000:.1f} kB")
        floor_s, frame_s = latency(crowd, accounts[0][0])
        show("Valkey publish → subscriber, p50", f"{floor_s * 1e6:.0f} µs")
        show("publish → frame, p50", f"{frame_s * 1e6:.0f} µs", f"{frame_s / floor_s:.2f} × the floor")
        recipients = [f"user:{owner}" for owner, _ in accounts[: options.sockets]]
        used = cpu_s(pid)
        rate = frames_a_second(
            crowd, recipients, options.rounds, lambda names, n: push([(name, n, frame(n)) for name in names])
        )
        used = (cpu_s(pid) - used) / (options.rounds * len(recipients))
        show("frames a second, one process", f"{rate:,.0f}", f"{used * 1e6:.0f} µs of CPU each")
        if options.idle:
            join(crowd, accounts[: options.sockets], devices=options.idle // options.sockets - 1)
            time.sleep(10)  # every socket is pinged by then
            used, begun = cpu_s(pid), time.perf_counter()
            time.sleep(options.idle_seconds)
            share = (cpu_s(pid) - used) / (time.perf_counter() - begun)
            show(f"{len(crowd.members):,} idle sockets with heartbeats", f"{share:.1%} of a core")
        crowd.leave()
    return rate


def latency(crowd: Crowd, owner: str) -> tuple[float, float]:
    """The median seconds from a PUBLISH to a subscriber of Valkey, and to a socket's frame, measured alternately."""
    client = valkey.client()
    floor, frames = [], []
    with client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
        subscription.subscribe("bench")
        subscription.get_message(timeout=1.0)
        for _ in range(LATENCY_ROUNDS):
            begun = time.perf_counter()
            client.publish("bench", frame(0))
            while subscription.get_message(timeout=1.0) is None:
                pass
            floor.append(time.perf_counter() - begun)
            expected = crowd.received + 1
            begun = time.perf_counter()
            client.publish("push", f"user:{owner} 0\n{frame(0)}")
            crowd.wait_for(expected, WAIT_S)
            frames.append(time.perf_counter() - begun)
            time.sleep(0.002)
    return median(floor), median(frames)


def measure_layer(options: argparse.Namespace) -> float:
    """Measure the frames a second of channels-redis' pub/sub layer behind a stock daphne."""
    port = free_port()
    names = [f"g{number}" for number in range(options.sockets)]
    with server(["-m", "daphne", "-p", str(port), "-v", "0", "bench.layer_app:application"], port):
        crowd = Crowd(port)
        crowd.join([f"/{name}" for name in names], [""] * len(names))
        crowd.wait_for(len(names), WAIT_S)
        layer = get_channel_layer()
        loop = asyncio.new_event_loop()

        async def send_all(batch: list[str], text: str) -> None:
            await asyncio.gather(*(layer.group_send(name, {"type": "event", "text": text}) for name in batch))

        rate = frames_a_second(
            crowd,
            names,
            max(1, options.rounds // 6),
            lambda batch, n: loop.run_until_complete(send_all(batch, frame(n))),
        )
        show("the same by channels-redis' pub/sub layer", f"{rate:,.0f}")
        loop.run_until_complete(layer.flush())
        loop.close()
        crowd.leave()
    return rate


def show(what: str, figure: str, note: str = "") -> None:
    """Print one row."""
    print(f"{what:44} {figure:>16}   {note}", flush=True)


def carry_out(options: argparse.Namespace) -> None:
    """Create the accounts, measure both servers, and print how they compare."""
    print(f"\n{machine()}\n")
    accounts = make_accounts("user", options.sockets + BATCH)
    ours, theirs = measure_ours(options, accounts), measure_layer(options)
    show("ratio", f"{ours / theirs:.1f} ×")
