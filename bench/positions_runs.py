"""The measurements of `bench.positions`. Import it after the settings are loaded."""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import redis
from django.core.management import call_command

import positions
from accounts.models import Partner, User
from accounts.position_reports import report_position
from bench.city import City, Place
from core import clock
from positions.reporting import WRITER
from regions.models import Region

RUNS = 5
BATCH = 500  # as in positions.recording
SAVES = 500
STEP = 0.00003  # degrees, about three metres


def moves(partners: Sequence[Any], count: int, seed: int) -> list[tuple[Any, Place]]:
    """Move the partners in turn, each a few metres around their own place: `count` pairs of a partner and a place."""
    homes, draw = City().places(len(partners)), random.Random(seed)
    made = []
    for n in range(count):
        lat, lng = homes[n % len(partners)]
        made.append((partners[n % len(partners)], (lat + draw.uniform(-STEP, STEP), lng + draw.uniform(-STEP, STEP))))
    return made


def through_our_path(made: Sequence[tuple[Any, Place]]) -> None:
    """Record reports as HTTP and sockets do, from the checked input until they are in Valkey."""
    for partner, place in made:
        now = clock.now()
        report_position(partner, positions.Position(*place, now), now=now)
    wait_for_writer()


def wait_for_writer() -> None:
    """Wait until all reports are written. The writer ends up to two `POSITION_FLUSH_S` after the last report."""
    for thread in threading.enumerate():
        if thread.name == WRITER:
            thread.join()


def one_at_a_time(made: Sequence[tuple[Any, Place]]) -> None:
    """Record the same reports without the writer, with one round trip each."""
    for partner, place in made:
        now = clock.now()
        positions.record_many("bench", [positions.Report(partner.pk, positions.Position(*place, now), now)])


def raw_batches(client: redis.Redis, made: Sequence[tuple[Any, Place]]) -> None:
    """The floor: one GEOADD and one HSET per batch in one round trip, without ordering, presence or answers."""
    for batch in _batches(made):
        places: list[Any] = []
        values: dict[str, str] = {}
        for partner, (lat, lng) in batch:
            now, name = clock.now().timestamp(), str(partner.pk)
            places += (f"{lng:.7f}", f"{lat:.7f}", name)
            values[name] = f"{now:.6f} {now:.6f} {lat:.7f} {lng:.7f}"
        pipe = client.pipeline(transaction=False)
        pipe.geoadd("{raw}:geo", places)
        pipe.hset("{raw}:pos", mapping=values)  # type: ignore[arg-type]  # redis-py's types want bytes
        pipe.execute()


def saved_rows(made: Sequence[tuple[Any, Place]]) -> None:
    """Save only the three fields by `Model.save()` on PostgreSQL."""
    for partner, (lat, lng) in made:
        partner.lat, partner.lng, partner.position_at = lat, lng, clock.now()
        partner.save(update_fields=["lat", "lng", "position_at"])


def _batches(made: Sequence[tuple[Any, Place]]) -> Iterator[list[tuple[Any, Place]]]:
    waiting = iter(made)
    while batch := list(islice(waiting, BATCH)):
        yield batch


@dataclass(frozen=True)
class Rate:
    """The figures of a run. On a machine that is shared, processor time is more reliable than the clock."""

    updates: float  # per second
    own_us: float  # this process's processor time per update
    valkey_us: float  # Valkey's processor time per update


def rate(
    client: redis.Redis, way: Callable[[Sequence[tuple[Any, Place]]], None], made: Sequence[tuple[Any, Place]]
) -> Rate:
    """Run `way` once and measure it."""
    valkey, own, begun = _valkey_s(client), time.process_time(), time.perf_counter()
    way(made)
    taken, own, valkey = time.perf_counter() - begun, time.process_time() - own, _valkey_s(client) - valkey
    return Rate(len(made) / taken, own / len(made) * 1e6, valkey / len(made) * 1e6)


def _valkey_s(client: redis.Redis) -> float:
    used: Any = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def make_partners(count: int, now: datetime) -> list[Any]:
    """Create available partners in one region that contains the whole city."""
    ring = [[-75.0, 40.0], [-73.0, 40.0], [-73.0, 41.5], [-75.0, 41.5]]
    region = Region.objects.create(slug="bench", name="Bench", boundary=[ring], time_zone="UTC")
    users = User.objects.bulk_create([User(email=f"p{n}@bench.test", role="partner") for n in range(count)])
    made = [
        Partner(
            user=user,
            name="P",
            phone="1",
            region=region,
            application="approved",
            status="available",
            status_since=now,
            created_at=now,
            lat=40.75,
            lng=-73.98,
            position_at=now,
        )
        for user in users
    ]
    return Partner.objects.bulk_create(made)


def carry_out(client: redis.Redis, partners: int, updates: int) -> None:
    """Measure each way and show the medians."""
    print(f"Medians of {RUNS} runs.", flush=True)
    show(measure(client, partners, updates))


def measure(client: redis.Redis, partners: int, updates: int) -> dict[str, Rate]:
    """Measure each way in turn, several times over, so that a busy moment affects all of them."""
    call_command("migrate", verbosity=0)
    cast = make_partners(partners, clock.now())
    positions.enter("bench", [partner.pk for partner in cast])
    ways: dict[str, tuple[Callable[[Sequence[tuple[Any, Place]]], None], int]] = {
        "ours": (through_our_path, updates),
        "ours, one at a time": (one_at_a_time, updates // 60),
        f"raw GEOADD + HSET by {BATCH}": (lambda made: raw_batches(client, made), updates),
        "Model.save(), PostgreSQL": (saved_rows, SAVES),
    }
    runs: dict[str, list[Rate]] = {name: [] for name in ways}
    for run in range(RUNS + 1):
        for name, (way, count) in ways.items():
            reached = rate(client, way, moves(cast, count, seed=run))
            if run:  # the first one only warms up
                runs[name].append(reached)
    assert client.zcard("{bench}:geo") == partners
    return {name: _middle(figures) for name, figures in runs.items()}


def _middle(runs: Sequence[Rate]) -> Rate:
    return Rate(
        statistics.median(run.updates for run in runs),
        statistics.median(run.own_us for run in runs),
        statistics.median(run.valkey_us for run in runs),
    )


def show(rates: dict[str, Rate]) -> None:
    """Print the table, with the ratios to ours."""
    ours = rates["ours"]
    print(f"\n{'way':30} {'updates':>12} {'ours is':>10} {'own time':>11} {'Valkey':>9} {'ours takes':>11}")
    for name, found in rates.items():
        by_clock, by_time = f"{ours.updates / found.updates:8.2f} ×", f"{ours.own_us / found.own_us:9.2f} ×"
        if name == "ours":
            by_clock = by_time = ""
        times = f"{found.own_us:8.1f} µs {found.valkey_us:6.1f} µs"
        print(f"{name:30} {found.updates:10,.0f}/s {by_clock:>10} {times} {by_time:>11}")
