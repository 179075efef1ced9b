"""The measurement of `bench.leak`. Import it after the settings are loaded."""

import argparse
import asyncio
import os
import time

from bench.cheer_runs import Pair, pairs_of
from bench.measuring import machine
from bench.memory import GROWS, MIB, WARM_UP, Process, Watch
from bench.program import Program

SAMPLE_EVERY_S = 5.0
OURS = {"web", "socket", "worker", "sweep"}


def carry_out(program: Program, options: argparse.Namespace) -> None:
    """Give the cheers, print the figures, and end with 1 if a process of ours grows."""
    print(f"bench.leak: {options.minutes:g} min at {options.rate:g} cheers/s. {machine()}.", flush=True)
    pairs = pairs_of(program, options.pairs)
    watch = Watch(os.getpid())
    begun = time.monotonic()
    given = asyncio.run(_give(pairs, watch, options))
    seconds = time.monotonic() - begun
    print(f"{given:,} cheers in {seconds:.0f} s, {given / seconds:.1f} a second. Load {os.getloadavg()[0]:.1f}.")
    print(f"{'process':12} {'first MiB':>10} {'after ' + format(WARM_UP, '.0%'):>10} {'last':>10} {'growth since':>13}")
    grown = [each for each in watch.lasting() if _tell(each)]
    if grown:
        raise SystemExit(f"{len(grown)} processes grow by more than {GROWS:.0%}.")


def _tell(process: Process) -> bool:
    """Print a process; returns whether it is ours and grows."""
    first, steady, last = process.samples[0][1], process.steady[0][1], process.samples[-1][1]
    figures = " ".join(f"{size / MIB:10.1f}" for size in (first, steady, last))
    grows = process.kind in OURS and process.growth > GROWS
    print(f"{process.kind:12} {figures} {process.growth:12.1%}{' GROWS' if grows else ''}")
    return grows


async def _give(pairs: list[Pair], watch: Watch, options: argparse.Namespace) -> int:
    """Begin a cheer of a free pair at each tick; returns how many were given."""
    for pair in pairs:
        await pair.open()
    free: asyncio.Queue[Pair] = asyncio.Queue()
    for pair in pairs:
        free.put_nowait(pair)
    given = 0

    async def one(pair: Pair) -> None:
        nonlocal given
        await pair.cheer()
        given += 1
        free.put_nowait(pair)

    begun = time.monotonic()
    ends, sampled, number = begun + options.minutes * 60, begun, 0
    async with asyncio.TaskGroup() as running:
        while (now := time.monotonic()) < ends:
            if now >= sampled:
                watch.sample(now - begun)
                sampled += SAMPLE_EVERY_S
            # Behind its time, the next cheer begins as soon as a pair is free; what is late is not caught up.
            running.create_task(one(await free.get()))
            number += 1
            await asyncio.sleep(max(0.0, begun + number / options.rate - time.monotonic()))
    watch.sample(time.monotonic() - begun)
    for pair in pairs:
        await pair.user.leave()
        await pair.partner.leave()
    return given
