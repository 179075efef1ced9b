"""The database's server is lost for good under load, and restored from its backups to the last change.

Users and partners of the replay go on meanwhile, as phones do. The restored server takes the address of the lost one.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass, field

from django.core.management import call_command
from django.db import connections

from drill.aftermath import audit
from drill.lines import Line, zero
from drill.run import Options, plan_of
from drill.system import System
from requests_app.models import CheerRequest
from rides.models import Ride
from simulator.replay import Replay
from testbed.backups import Backups
from testbed.postgres import Postgres
from testbed.processes import wait_until

RPO_S, RTO_S = 60.0, 120.0
AGAIN_S = 600.0


@dataclass
class Loss:
    """The loss of a server, with moments in `perf_counter` seconds."""

    at: float
    requests: dict[str, float]  # those that were acknowledged before, each with when it was sent
    rides: set[str] = field(default_factory=set)
    restored_at: float = 0.0  # the new server serves
    acknowledged_at: float = 0.0  # the program has acknowledged a request on it

    def rpo_s(self, lost: set[str]) -> float:
        """Return how long before the loss the oldest request was made that is lost; 0 without one."""
        return max((self.at - self.requests[pk] for pk in lost), default=0.0)


def carry_out(system: System, options: argparse.Namespace, seed: int) -> int:
    """Lose and restore the server of a running system, and print what was lost. Returns the exit code."""
    if system.postgres is None:
        raise SystemExit("The suite `restore` needs --database postgres.")
    wanted = Options(options.database, seed, options.minutes, options.every, options.rate)
    if options.history:
        call_command("make_history", requests=options.history)
    size_gb = _size_bytes() / 1e9
    with Backups(system.postgres) as backups:
        replay, loss = asyncio.run(_under_load(system, wanted, backups, system.postgres))
    connections.close_all()
    held = {str(pk) for pk in CheerRequest.objects.values_list("pk", flat=True)}
    rides = {str(pk) for pk in Ride.objects.values_list("pk", flat=True)}
    connections.close_all()
    lost = loss.requests.keys() - held
    rpo_s, rto_s = loss.rpo_s(lost), loss.acknowledged_at - loss.at
    found, after = audit(system), len(replay.ledger.asked) - len(loss.requests)
    table = [
        Line("acknowledged before / after the loss", f"{len(loss.requests)} / {after}", "some", 0 < after < len(held)),
        Line("requests lost", str(len(lost))),
        Line("rides lost", str(len(loss.rides - rides))),
        Line("RPO", f"{rpo_s:.2f} s", f"at most {RPO_S:g} s", rpo_s <= RPO_S),
        Line("  until the new server served", f"{loss.restored_at - loss.at:.1f} s"),
        Line("RTO, a request is acknowledged", f"{rto_s:.1f} s", f"at most {RTO_S:g} s", 0 < rto_s <= RTO_S),
        Line("the database before it", f"{size_gb:.2f} GB"),
        Line("manage.py audit", found or "clean", "clean", not found),
        zero("orphan processes after it", system.stop()),
    ]
    print(f"The database's server lost for good and restored, seed {seed}: {options.minutes:g} min of load", flush=True)
    for line in table:
        verdict = "" if line.kept is None else f"{'ok' if line.kept else 'FAILED':<7} wanted: {line.wanted}"
        print(f"{line.name:<38}{line.value:>14}   {verdict}", flush=True)
    return 1 if any(line.kept is False for line in table) else 0


def _size_bytes() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    connections.close_all()
    return int(size)


async def _under_load(system: System, options: Options, backups: Backups, server: Postgres) -> tuple[Replay, Loss]:
    replay = Replay(plan_of(options, system), lambda what, done, total: None)
    striking = asyncio.create_task(_lose_and_restore(replay, backups, server, after_s=options.minutes * 30))
    try:
        await replay.run(asyncio.Event())
        return replay, await striking
    finally:
        striking.cancel()


async def _lose_and_restore(replay: Replay, backups: Backups, server: Postgres, *, after_s: float) -> Loss:
    """Copy the server while requests are made, lose it `after_s` into them, and restore it."""
    await replay.asking.wait()
    due = time.perf_counter() + after_s
    await asyncio.to_thread(backups.take)
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    known = {pk: story.sent_at for pk, story in replay.ledger.stories.items() if story.sent_at is not None}
    loss = Loss(time.perf_counter(), known, set(replay.ledger.rides))
    server.destroy()
    server.data = await asyncio.to_thread(backups.restore)
    server.launch()
    await asyncio.to_thread(server.wait)
    loss.restored_at = time.perf_counter()
    before = len(replay.ledger.stories)
    await asyncio.to_thread(
        wait_until, lambda: len(replay.ledger.stories) > before, AGAIN_S, "a request is acknowledged"
    )
    loss.acknowledged_at = time.perf_counter()
    return loss
