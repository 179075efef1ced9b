"""Half an hour of real pickups in real time, in which no alert may fire; then the partners leave, and one must.

Users and partners are the replay's, at the pace of life. Every five seconds all metrics are looked at, and the rules
that only Prometheus evaluates are evaluated here.
"""

import argparse
import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, Thread

from django.db import connections

from accounts.demo import PASSWORD
from alerts.expressions import Samples
from alerts.models import Alert
from alerts.rules import RULES, Rule
from alerts.states import OPEN
from core import clock, metric_totals
from drill.lines import Line, zero
from drill.recording import Recording
from drill.system import System
from ops import gauges
from ops.seed import STAFF
from ops.watcher import samples_of
from simulator.accounts import DEVELOPMENT_SECRET, Keyring
from simulator.client import Api
from simulator.habits import LIFELIKE
from simulator.ledger import Ledger
from simulator.movement import Place
from simulator.pickups import read_pickups, spread, starting_places
from simulator.replay import Plan, Replay
from simulator.running import bot_account, rng_of
from simulator.user import User
from testbed.processes import wait_until

log = logging.getLogger(__name__)

EVERY_S = 5.0
WITHIN_S = 30.0
LAST_RIDES_S = 1500.0  # after the last request
STRANDED = "RequestsWithoutPartners"
# A session of at most ten minutes, so that the last ones do not go on for an hour.
HABITS = replace(LIFELIKE, service_median_s=300.0, service_s=(60.0, 600.0))


def carry_out(system: System, options: argparse.Namespace, seed: int) -> int:
    """Replay the pickups of a running system, strand a request, and print what each rule found."""
    if options.data is None:
        raise SystemExit("The suite `alerts` needs --data FILE, with pickups.")
    plan = plan_of(system, options, seed)
    recording, began, since = Recording(), time.monotonic(), clock.now()
    with looking(recording, began):
        report = asyncio.run(Replay(plan, lambda what, done, total: None).run(asyncio.Event()))
        early = opened(since)
        log.info("%d pickups, %s; alerts: %s", len(plan.demands), dict(report.by_status), early or "none")
        recording.stranded_at_s = time.monotonic() - began
        request, token = asyncio.run(strand(system, seed, plan.demands[0].place))
        fired_s = waited(lambda: STRANDED in opened(since), WITHIN_S)
        system.stack.call("POST", f"/cheerRequest/{request}/cancel", {}, token)
        resolved_s = waited(lambda: not Alert.objects.filter(rule=STRANDED, status__in=OPEN).exists(), WITHIN_S)
    connections.close_all()
    if options.record is not None:
        recording.write(options.record)
    table = [
        Line("minutes until the partners left", f"{recording.stranded_at_s / 60:.1f}", "at least those wanted",
             recording.stranded_at_s >= options.minutes * 60),
        Line("requests completed / given up", f"{report.by_status['completed']} / {report.by_status['no_match']}",
             "some completed", report.by_status["completed"] > 0),
        zero("requests lost", report.lost),
        *(line_of(rule, recording.healthy(), early) for rule in RULES),
        within("the partners gone: fired after", fired_s),
        within("called off: resolved after", resolved_s),
        zero("orphan processes after it", system.stop()),
    ]  # fmt: skip
    print(f"Alerts in a healthy replay of {options.data.name} from {options.start}, seed {seed}", flush=True)
    for line in table:
        verdict = "" if line.kept is None else f"{'ok' if line.kept else 'FAILED':<7} wanted: {line.wanted}"
        print(f"{line.name:<38}{line.value:>18}   {verdict}", flush=True)
    return 1 if any(line.kept is False for line in table) else 0


def plan_of(system: System, options: argparse.Namespace, seed: int) -> Plan:
    """Plan the pickups from a moment on, with partners who begin where pickups are."""
    start: datetime = options.start
    pickups = read_pickups(options.data, start, start + timedelta(minutes=options.minutes))
    if not pickups:
        raise SystemExit(f"{options.data.name} has no pickups in {options.minutes:g} minutes from {start}.")
    return Plan(
        title="", server=system.url, demands=spread(pickups, start, seed=seed),
        starts=starting_places(pickups, options.partners, seed=seed), habits=HABITS, seed=seed,
        secret=DEVELOPMENT_SECRET, staff_email=STAFF, staff_password=PASSWORD, cache=None, wait_s=LAST_RIDES_S,
        provider=system.provider,
    )  # fmt: skip


@contextmanager
def looking(recording: Recording, began: float) -> Iterator[None]:
    """Look at all metrics meanwhile, in a thread."""
    stop = Event()

    def run() -> None:
        try:
            while not stop.wait(EVERY_S):
                recording.add(time.monotonic() - began, look())
        finally:
            connections.close_all()

    thread = Thread(target=run, name="looking")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def look() -> Samples:
    """Return the samples of all metrics, as a scrape would have them."""
    return samples_of(gauges.now_figures(gauges.kept()), metric_totals.read())


def opened(since: datetime) -> set[str]:
    """Return the names of the rules that have fired since a moment; while the program starts, calls fail."""
    return set(Alert.objects.filter(fired_at__gte=since).values_list("rule", flat=True))


async def strand(system: System, seed: int, place: Place) -> tuple[str, str]:
    """Make a request where no partner is at work. Returns its id, and the token of its user."""
    api = Api(system.url)
    account = bot_account(api, Keyring(None, system.url), kind="stranded", number=1, secret=DEVELOPMENT_SECRET)
    user = User(
        account, ledger=Ledger(), errors=api.errors, rng=rng_of(seed, "stranded"), patience_s=None,
        provider=system.provider,
    )  # fmt: skip
    try:
        story = await user.ask(place)
        if story is None:
            raise SystemExit(f"The request was refused: {dict(user.ledger.refused)}")
        return story.request_id, await account.token()
    finally:
        await api.close()


def waited(condition: Callable[[], bool], seconds: float) -> float | None:
    """Wait for a condition. Returns after how many seconds it was true; None if it was not."""
    began = time.monotonic()
    try:
        wait_until(condition, seconds, "it happens")
    except AssertionError:
        return None
    return time.monotonic() - began


def within(name: str, seconds: float | None) -> Line:
    """Return the line of something that has to happen soon."""
    value = "never" if seconds is None else f"{seconds:.1f} s"
    return Line(name, value, f"at most {WITHIN_S:g} s", seconds is not None)


def line_of(rule: Rule, healthy: Recording, fired: set[str]) -> Line:
    """Return the line of a rule: what it found that came closest to its limit, and whether it was silent."""
    extreme = healthy.extreme(rule.expression)
    holds = any(found for _, found in healthy.found(rule.expression))
    silent = rule.name not in fired if rule.inside else not holds
    value = "not known" if extreme is None else f"{extreme:.3g} / {rule.expression.limit:g}"
    return Line(f"  {rule.name}, closest / limit", value, "silent", silent)
