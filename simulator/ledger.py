"""What happened to every request and offer, as seen by the clients. Moments are `perf_counter` seconds."""

from collections import Counter
from dataclasses import dataclass, field

FINAL = ("completed", "cancelled", "no_match")
SERVED = ("accepted",)


@dataclass
class Story:
    """One request. Its user fills in most of it; the partner who is asked first, `offered_at`."""

    request_id: str
    status: str = "pending"
    reason: str | None = None
    sent_at: float | None = None  # just before POST /cheerRequest
    offered_at: float | None = None  # the first offer's frame at a partner's socket
    accepted_at: float | None = None
    arrived_at: float | None = None
    closed_at: float | None = None
    at_once: bool = False  # the first look around found a free partner
    given_up: bool = False  # its user has cancelled it

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in FINAL

    @property
    def lost(self) -> bool:
        """Neither final nor being served."""
        return not self.final and self.status not in SERVED

    def told(self, status: str, *, attempts: int, reason: str | None, now: float) -> None:
        """The user has heard how the request stands."""
        if status == "offered" and attempts == 1:
            self.at_once = True
        if status == "accepted" and self.accepted_at is None:
            self.accepted_at = now
        self.status, self.reason = status, reason
        if self.final and self.closed_at is None:
            self.closed_at = now

    def since_sent(self, moment: float | None) -> float | None:
        """Seconds from the request to `moment`; None where either has not been."""
        return None if moment is None or self.sent_at is None else moment - self.sent_at


@dataclass
class Ledger:
    """Everything that a run is judged by."""

    stories: dict[str, Story] = field(default_factory=dict)
    offers: Counter[str] = field(default_factory=Counter)  # made, accepted, declined, expired, …
    rides: dict[str, str] = field(default_factory=dict)  # ride → request, of each acceptance that was confirmed
    fares: dict[str, int] = field(default_factory=dict)  # ride → minor units, of each end that was confirmed
    pickup_m: list[float] = field(default_factory=list)  # metres from partner to user, of accepted offers
    refused: Counter[str] = field(default_factory=Counter)  # requests not taken, by code
    polled: int = 0  # final states learnt by asking, which a socket should have told
    differing: int = 0  # requests that stand otherwise at the end than their users were told
    lags_s: list[float] = field(default_factory=list)  # how late this very process was to act

    def story(self, request_id: str) -> Story:
        """The request's story, begun by whoever hears of it first."""
        return self.stories.setdefault(request_id, Story(request_id))

    def offered(self, request_id: str, now: float) -> None:
        """A partner's socket has brought an offer."""
        self.offers["made"] += 1
        story = self.story(request_id)
        if story.offered_at is None:
            story.offered_at = now

    @property
    def asked(self) -> list[Story]:
        """The requests of this run, without those that others made meanwhile."""
        return [story for story in self.stories.values() if story.sent_at is not None]

    @property
    def open(self) -> list[Story]:
        """The requests that something can still happen to."""
        return [story for story in self.asked if not story.final]
