"""The history of every request and offer, as its clients saw it. Moments are `perf_counter` seconds."""

from collections import Counter
from dataclasses import dataclass, field

FINAL = ("completed", "cancelled", "no_match")
GONE = "gone"  # the server knows it no longer, after a failover that has lost its commit
SERVED = ("accepted",)


@dataclass
class Story:
    """One request. Its user fills in all but `offered_at`, which the first partner with an offer sets."""

    request_id: str
    status: str = "pending"
    reason: str | None = None
    sent_at: float | None = None  # just before POST /cheerRequest
    offered_at: float | None = None  # the first offer's frame at a partner's socket
    accepted_at: float | None = None
    arrived_at: float | None = None
    closed_at: float | None = None
    at_once: bool = False  # the first attempt found a free partner
    given_up: bool = False  # its user lost patience and cancelled it

    @property
    def final(self) -> bool:
        """Whether the request has ended."""
        return self.status in FINAL or self.status == GONE

    @property
    def lost(self) -> bool:
        """Whether the request has not ended and is not being served, or is gone."""
        return self.status == GONE or not (self.final or self.status in SERVED)

    def told(self, status: str, *, attempts: int, reason: str | None, now: float) -> None:
        """Record the status that the user was notified of, at `now`."""
        if status == "offered" and attempts == 1:
            self.at_once = True
        if status == "accepted" and self.accepted_at is None:
            self.accepted_at = now
        self.status, self.reason = status, reason
        if self.final and self.closed_at is None:
            self.closed_at = now

    def since_sent(self, moment: float | None) -> float | None:
        """Seconds from sending the request to `moment`; None if either is unknown."""
        return None if moment is None or self.sent_at is None else moment - self.sent_at


@dataclass
class Ledger:
    """The records that a run is judged by."""

    stories: dict[str, Story] = field(default_factory=dict)
    offers: Counter[str] = field(default_factory=Counter)  # made, accepted, declined, expired, …
    rides: dict[str, str] = field(default_factory=dict)  # request by ride, for each confirmed acceptance
    fares: dict[str, int] = field(default_factory=dict)  # minor units by ride, for each confirmed end
    pickup_m: list[float] = field(default_factory=list)  # metres from partner to user, for accepted offers
    refused: Counter[str] = field(default_factory=Counter)  # rejected requests, by code
    polled: int = 0  # ends learnt by polling that the socket did not report in time
    differing: int = 0  # ended requests whose status on the server isn't the one that their users were sent
    lags_s: list[float] = field(default_factory=list)  # how late this process woke up

    def story(self, request_id: str) -> Story:
        """The request's story, created on first use."""
        return self.stories.setdefault(request_id, Story(request_id))

    def offered(self, request_id: str, now: float) -> None:
        """Record that an offer has arrived at a partner's socket."""
        self.offers["made"] += 1
        story = self.story(request_id)
        if story.offered_at is None:
            story.offered_at = now

    @property
    def asked(self) -> list[Story]:
        """The requests made by this run's own users."""
        return [story for story in self.stories.values() if story.sent_at is not None]

    @property
    def open(self) -> list[Story]:
        """This run's requests that have not ended."""
        return [story for story in self.asked if not story.final]
