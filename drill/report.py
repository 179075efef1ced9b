"""The drill's table: each measure, its expected value, and whether it was met."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drill.judge import Facts
from drill.lines import Line, equal, zero
from drill.lost import Held, Verdict
from drill.money import Money
from drill.probe import Timeline
from drill.run import Outcome, Struck
from drill.told import KINDS, Told
from notifications.words import WordKind


@dataclass(frozen=True)
class Aftermath:
    """The state after a drill: counts of unexpected processes, and the findings of the audit and the reconciler."""

    strays: int
    orphans: int
    audit: str  # "" if every promise holds
    reconciler: str = ""  # its repairs and remaining differences; "" if it found nothing


def lines(
    outcome: Outcome,
    facts: Facts,
    after: Aftermath,
    *,
    within_s: float,
    money: Money | None = None,
    told: Told | None = None,
    further: Sequence[Line] = (),
) -> list[Line]:
    """Every measure of a drill: of money, too, if cards were charged, of pushes and mails, and `further` ones."""
    sent, served = len(outcome.ledger.asked), outcome.replay.by_status["completed"]
    recoveries = [seconds for fault in outcome.struck for seconds in recovery(fault, outcome.timeline)]
    slowest = max((s for s in recoveries if s is not None), default=0.0)
    faults_500 = sum(count for what, count in outcome.errors.items() if ": 500 " in what)
    return [
        Line("faults", str(len(outcome.struck)), "at least 1", len(outcome.struck) > 0),
        Line("requests sent / completed", f"{sent} / {served}", "at least 1", served > 0),
        Line("first offer after, p50 / p99", waits(outcome)),
        equal("requests held / final", facts.requests, facts.final),
        zero("requests lost", facts.lost),
        equal("offers made / delivered", facts.offers, facts.delivered),
        zero("double offers", facts.double_offers),
        zero("double rides", facts.double_rides),
        equal("rides completed / charged once", facts.completed, facts.charged_once),
        *(money_lines(money, after) if money else []),
        *(told_lines(told, charged=money is not None) if told else []),
        Line("events logged", str(facts.events)),
        zero("events missing at a client", len(facts.missing) + outcome.replay.sockets.missing),
        zero("events that said otherwise", facts.events_different),
        zero("told otherwise than held", len(facts.told_otherwise)),
        zero("answers of 500", faults_500),
        zero("stray processes while it ran", after.strays),
        zero("orphan processes after it", after.orphans),
        Line("manage.py audit", after.audit or "clean", "clean", not after.audit),
        Line("probes served / called off unserved", f"{len(outcome.timeline.offers)} / {outcome.unserved}"),
        Line("longest gap between served probes", f"{outcome.timeline.longest_gap_s():.1f} s"),
        Line(
            "slowest recovery",
            f"{slowest:.1f} s" if None not in recoveries else "never",
            f"at most {within_s:g} s",
            None not in recoveries and slowest <= within_s,
        ),
        *further,
    ]


def money_lines(money: Money, after: Aftermath) -> list[Line]:
    """The measures of money."""
    return [
        equal("payments / paid exactly", money.payments, money.paid_exactly),
        equal("owed / captured, minor units", money.owed, money.captured),
        zero("holds left open", money.holds_open),
        zero("ledger against the provider", money.ledger_off),
        Line("manage.py reconcile", after.reconciler or "clean", "clean", not after.reconciler),
    ]


def told_lines(told: Told, *, charged: bool) -> list[Line]:
    """The measures of pushes and mails. `charged`: cards can be declined."""
    quiet = [seconds for seconds, fault in told.waits_s if not fault]
    missing = sorted(set(KINDS) - set(told.kinds) - (set() if charged else {WordKind.PAYMENT}))
    return [
        equal("notices without a socket / told", told.due, told.told),
        Line("  overtaken before they were sent", str(told.overtaken)),
        Line("kinds that nobody was told", ", ".join(missing) or "none", "none", not missing),
        zero("told twice", len(told.doubled)),
        Line("  repeated after a fault, shown once", str(told.collapsed)),
        Line("  told of what is lost since", str(told.of_lost)),
        zero("told without a cause", len(told.groundless)),
        zero("told though acknowledged", len(told.needless)),
        zero("private on a locked screen", len(told.indiscreet)),
        zero("unsigned or unreadable pushes", len(told.unreadable)),
        zero("pushes and mails left waiting", told.waiting.total()),
        *(Line(f"  {kind}", str(count)) for kind, count in sorted(told.waiting.items())),
        Line("unacknowledged to told, no fault near", spread(quiet)),
        Line("unacknowledged to told, all", spread([seconds for seconds, _ in told.waits_s])),
    ]


def loss_lines(loss: Held, verdict: Verdict | None, restarts: int) -> list[Line]:
    """The measures of a loss by an asynchronous replica, or that nothing was lost where there was none."""
    if verdict is None:
        return [zero("streams that started over", restarts)]
    return [
        Line("streams that started over", str(restarts), "at least 1", restarts > 0),
        Line("events lost with the primary", str(len(loss.events)), "at least 1", bool(loss.events)),
        Line("  requests / rides / offers", f"{len(loss.requests)} / {len(loss.rides)} / {len(loss.offers)}"),
        Line("  payments / holds and attempts", f"{len(loss.payments)} / {len(loss.operations)}"),
        Line("acknowledged and lost with it", str(verdict.acknowledged)),
        zero("acknowledged and gone otherwise", len(verdict.unexplained)),
        zero("clients that hold what is lost", len(verdict.unaware)),
        zero("orphans at the provider, unnamed", len(verdict.unnamed)),
    ]


def waits(outcome: Outcome) -> str:
    """How long the requests waited for their first offers, faults included."""
    waited = outcome.replay.to_offer
    return f"{waited.p50:.2f} / {waited.p99:.2f} s"


def spread(seconds: Sequence[float]) -> str:
    """Median, 95th percentile and maximum, as text."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    p50, p95 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95))
    return f"{p50:.1f} / {p95:.1f} / {ordered[-1]:.1f} s"


def recovery(fault: Struck, timeline: Timeline) -> tuple[float | None, float | None]:
    """Seconds from the fault's end until `/readyz` answered 200, and until a probe had its offer; None if never."""
    return timeline.ready_after(fault.ended), timeline.offer_after(fault.ended)


def text(title: str, outcome: Outcome, facts: Facts, table: Sequence[Line], told: Told) -> str:
    """The report as text."""
    parts = [title, f"It took {outcome.wall_s:.0f} s.", "", *_faults(outcome), "", *_outside(outcome, told), ""]
    parts += [
        f"{line.name:<36}{line.value:>16}   "
        + ("" if line.kept is None else f"{'ok' if line.kept else 'FAILED':<7} wanted: {line.wanted}")
        for line in table
    ]
    parts += ["", "Errors and retries that the clients saw, by call"]
    parts += [f"  {count:>6}  {what}" for what, count in outcome.errors.most_common(25)] or ["  none"]
    parts += [
        f"  {what}"
        for what in (*facts.unfinished[:10], *facts.missing[:10], *facts.told_otherwise[:10], *told.findings(10))
    ]
    failed = [line.name for line in table if line.kept is False]
    parts += ["", f"FAILED: {', '.join(failed)}." if failed else "Nothing was lost and nothing doubled."]
    return "\n".join(parts)


def _faults(outcome: Outcome) -> list[str]:
    """The slowest recovery from each kind of fault, as lines."""
    by_kind: dict[str, list[tuple[float | None, float | None]]] = defaultdict(list)
    for fault in outcome.struck:
        by_kind[fault.name].append(recovery(fault, outcome.timeline))
    head = f"{'seconds until, worst of each kind':<36}{'times':>6}{'/readyz 200':>14}{'an offer':>12}"
    rows = [
        f"{name:<36}{len(pairs):>6}{_worst(r for r, _ in pairs):>14}{_worst(o for _, o in pairs):>12}"
        for name, pairs in sorted(by_kind.items())
    ]
    return [head, *rows]


def _outside(outcome: Outcome, told: Told) -> list[str]:
    """The faults of the services outside, and the slowest words with the faults near them, as lines."""
    kinds = Counter(fault.name for fault in outcome.struck_outside)
    slowest = sorted(told.waits_s, reverse=True)[:3]
    return [
        "outside: " + ", ".join(f"{name} ({times})" for name, times in sorted(kinds.items())),
        "told last: " + ", ".join(f"{seconds:.1f} s ({fault or 'no fault near'})" for seconds, fault in slowest),
        "told: " + ", ".join(f"{kind} {count}" for kind, count in sorted(told.kinds.items())),
    ]


def _worst(values: Iterable[float | None]) -> str:
    found = list(values)
    known = [value for value in found if value is not None]
    return f"{max(known):.2f}" if len(known) == len(found) else "never"
