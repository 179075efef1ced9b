"""The figures of a replay, and the report's text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.figures import Spread, spread_of
from simulator.ledger import FINAL, Ledger, Story

SOMETHING_LOST = "SOMETHING WAS LOST: see the lines lost, told otherwise, missing and unsent."
OFFER_OUTCOMES = ("made", "accepted", "declined", "expired", "rescinded", "too late")
SPREAD_HEAD = f"{'':<34}{'count':>7}{'mean':>10}{'p50':>10}{'p95':>10}{'p99':>10}{'max':>10}"


@dataclass
class Sockets:
    """Totals over the event streams of all sockets."""

    count: int = 0
    missing: int = 0  # numbers skipped
    undelivered: int = 0  # in the server's log at the end, but never sent
    repeated: int = 0
    reconnections: int = 0
    unasked: int = 0  # sockets that could not be compared with the log at the end

    @property
    def gapless(self) -> bool:
        """Whether every client received every event."""
        return self.missing == self.undelivered == 0


@dataclass
class Report:
    """The figures of a replay. Times are in wall seconds unless their names say otherwise."""

    title: str
    speed: float
    wall_s: float
    pickups: int
    refused: Counter[str]
    by_status: Counter[str]
    reasons: Counter[str]
    given_up: int
    lost: int
    polled: int
    differing: int
    to_offer: Spread
    to_arrival: Spread
    at_once_ms: Spread
    all_ms: Spread
    pickup_m: Spread
    lag_ms: Spread
    offers: Counter[str]
    sockets: Sockets
    errors: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False

    @property
    def healthy(self) -> bool:
        """Whether no request and no event was lost, and no final status differs."""
        return self.lost == self.differing == 0 and self.sockets.gapless

    def text(self) -> str:
        """The report as text."""
        return "\n".join(
            [
                self.title + (" (interrupted)" if self.interrupted else ""),
                f"It took {self.wall_s:.0f} s of the wall clock.",
                "",
                *self._requests(),
                "",
                *self._waits(),
                "",
                *self._offers(),
                "",
                *self._sockets(),
                "",
                "Errors and retries, by call",
                *([f"  {count:>6}  {what}" for what, count in self.errors.most_common()] or ["  none"]),
                "",
                "Nothing was lost." if self.healthy else SOMETHING_LOST,
            ]
        )

    def _requests(self) -> list[str]:
        asked = sum(self.by_status.values())
        open_ = {status: count for status, count in self.by_status.items() if status not in FINAL}
        return [
            "Requests",
            _line("pickups in the file", self.pickups),
            _line("refused", sum(self.refused.values()), self.refused),
            _line("asked", asked),
            _line("completed", self.by_status["completed"]),
            _line("cancelled", self.by_status["cancelled"], {"given up by their users": self.given_up}),
            _line("no_match", self.by_status["no_match"], self.reasons),
            _line("still being served", self.by_status["accepted"]),
            _line("lost", self.lost, {} if self.lost == 0 else open_),
            _line("ends not told by socket", self.polled),
            _line("told otherwise than held", self.differing),
        ]

    def _waits(self) -> list[str]:
        minutes = f"simulated min (wall × {self.speed:g})"
        return [
            f"Waits, from sending the request\n{SPREAD_HEAD}",
            _spread("first offer, wall s", self.to_offer, 2),
            _spread(f"first offer, {minutes}", self.to_offer, 2, self.speed / 60),
            _spread("arrival, wall s", self.to_arrival, 2),
            _spread(f"arrival, {minutes}", self.to_arrival, 2, self.speed / 60),
            "",
            "From POST /cheerRequest sent to the offer's frame at the partner's socket, wall ms (not simulated)",
            SPREAD_HEAD,
            _spread("a partner was free at once", self.at_once_ms, 1),
            _spread("all that were offered", self.all_ms, 1),
            _spread("of it this client's own lag", self.lag_ms, 1),
        ]

    def _offers(self) -> list[str]:
        return [
            "Offers",
            *[_line(outcome, self.offers[outcome]) for outcome in OFFER_OUTCOMES],
            f"\nWay to the user, metres\n{SPREAD_HEAD}",
            _spread("accepted offers", self.pickup_m, 0),
        ]

    def _sockets(self) -> list[str]:
        return [
            "Sockets",
            _line("followed", self.sockets.count),
            _line("events missing in sequence", self.sockets.missing),
            _line("events logged but unsent", self.sockets.undelivered),
            _line("events repeated", self.sockets.repeated),
            _line("reconnections", self.sockets.reconnections),
            _line("not compared at the end", self.sockets.unasked),
        ]


def build(
    ledger: Ledger,
    *,
    title: str,
    speed: float,
    wall_s: float,
    pickups: int,
    sockets: Sockets,
    errors: Counter[str],
    interrupted: bool,
) -> Report:
    """Build the report from a ledger."""
    asked = ledger.asked
    return Report(
        title=title,
        speed=speed,
        wall_s=wall_s,
        pickups=pickups,
        refused=Counter(ledger.refused),
        by_status=Counter(story.status for story in asked),
        reasons=Counter(story.reason or "no reason" for story in asked if story.status == "no_match"),
        given_up=sum(story.given_up and story.status == "cancelled" for story in asked),
        lost=sum(story.lost for story in asked),
        polled=ledger.polled,
        differing=ledger.differing,
        to_offer=spread_of(waits(asked, "offered_at")),
        to_arrival=spread_of(waits(asked, "arrived_at")),
        at_once_ms=spread_of([1000 * s for s in waits([st for st in asked if st.at_once], "offered_at")]),
        all_ms=spread_of([1000 * s for s in waits(asked, "offered_at")]),
        pickup_m=spread_of(ledger.pickup_m),
        lag_ms=spread_of([1000 * s for s in ledger.lags_s]),
        offers=Counter(ledger.offers),
        sockets=sockets,
        errors=Counter(errors),
        interrupted=interrupted,
    )


def waits(stories: Sequence[Story], moment: str) -> list[float]:
    """Seconds from sending to the named moment, for each request that reached it."""
    return [s for s in (story.since_sent(getattr(story, moment)) for story in stories) if s is not None]


def _line(name: str, value: int, details: dict[str, Any] | None = None) -> str:
    shown = ", ".join(f"{key} {count}" for key, count in (details or {}).items() if count)
    return f"  {name:<32}{value:>7}" + (f"   {shown}" if shown else "")


def _spread(name: str, figures: Spread, digits: int, factor: float = 1.0) -> str:
    values = (figures.mean, figures.p50, figures.p95, figures.p99, figures.max)
    shown = "".join(
        "         –" if v != v else f"{v * factor:>10.{digits}f}" for v in values
    )  # NaN differs from itself
    return f"  {name:<32}{figures.count:>7}{shown}"
