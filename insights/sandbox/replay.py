"""Replays a recorded day under other rules, by discrete events. Pure: no Django, no clock and no database.

What people do is taken from the record where the same thing happens in it: the requests and their sessions, when users
cancel, when partners come online, and how a partner answers a request that they were offered. The rest is drawn from
what others did on that day (`chance.py`). Whatever the rules decide is decided again (`matching.py`).
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, isnan, nan

from insights.sandbox.agenda import Agenda, Kind
from insights.sandbox.habits import Course, Habits, answered_after_s, reply_within
from insights.sandbox.matching import Matching, Waiting
from insights.sandbox.presence import Presence, Status
from insights.sandbox.world import NOBODY, Conditions, Day, End, Matcher, Outcome, Reply, online
from requests_app.matching.policy import RECENT_S

SWEEP_S = 0.5  # between two looks at what is due


@dataclass(frozen=True, slots=True)
class Offered:
    """An open offer, with the reply that it gets."""

    number: int
    request: Waiting
    partner: int
    distance_m: float
    reply: Reply
    course: Course  # of the ride, if it is accepted


@dataclass(frozen=True, slots=True)
class Ride:
    """A ride, and where its partner came from."""

    request: Waiting
    course: Course
    start: tuple[float, float]


class Replay:
    """One run of a day. `conditions` are in force each from its time on; the record's by default."""

    def __init__(
        self, day: Day, matcher: Matcher, *, conditions: Sequence[tuple[float, Conditions]] = (), seed: int = 1
    ) -> None:
        self._day, self._matcher, self._habits = day, matcher, Habits(day, seed=seed)
        self._conditions = list(conditions or day.conditions)
        self._presence = Presence(day)
        self._matching = Matching(day, self._presence, matcher, seed=seed)
        self._outcome = Outcome.blank(len(day.requests), day.partners)
        self._pending: dict[int, Waiting] = {}  # oldest first, unless one comes back
        self._offers: dict[int, Offered] = {}  # open, by partner
        self._asked: dict[int, int] = {}  # the partner of an open offer, by request
        self._rides: dict[int, Ride] = {}  # by partner
        self._wants: list[int] = [NOBODY] * day.partners  # the span online of each partner
        self._stays: list[int] = [0] * day.partners  # how many so far
        self._created: list[float] = []
        self._cancelled: list[float] = []  # the creation of each cancelled request
        self._agenda = Agenda(day, [at_s for at_s, _ in self._conditions])
        self._now = 0.0

    def run(self) -> Outcome:
        """Replay the day until its last request has ended."""
        handlers: dict[Kind, Callable[..., None]] = {
            Kind.NOTED_FREE: self._noted,
            Kind.NOTED_TAKEN: self._noted,
            Kind.SEEN: self._seen,
            Kind.ONLINE: self._online,
            Kind.READY: self._ready,
            Kind.ANSWERED: self._answered,
            Kind.OVER: self._over,
            Kind.LEFT: self._left,
            Kind.OFFLINE: self._offline,
            Kind.GAVE_UP: self._gave_up,
            Kind.DUE: self._due,
            Kind.CHANGED: lambda _: self._match(),
        }
        while (event := self._agenda.next()) is not None:
            self._now = event.at_s
            handlers[event.kind](*event.about)
        self._presence.close(self._now)
        self._outcome.online_s = self._presence.online_s
        return self._outcome

    @property
    def _given(self) -> Conditions:
        """The conditions in force now."""
        at = bisect_right(self._conditions, self._now, key=lambda each: each[0]) - 1
        return self._conditions[max(at, 0)][1]

    # ------------------------------------------------------------ partners

    def _noted(self, step: int) -> None:
        self._presence.note(self._day.steps[step])

    def _seen(self, partner: int, stays: int, *rest: int) -> None:
        if self._stays[partner] == stays and self._presence.status[partner] in (Status.FREE, Status.OFFERED):
            self._settle(partner, int(self._presence.stay[partner]), None)

    def _settle(self, partner: int, stay: int, place: tuple[float, float] | None) -> None:
        """Let a partner stay somewhere, and move as the record knows."""
        self._stays[partner] += 1
        later = self._presence.begin(partner, stay, self._now, place)
        if later:
            self._agenda.add(max(later[0][0], self._now), Kind.SEEN, partner, self._stays[partner])

    def _online(self, span: int) -> None:
        partner = self._day.spans[span].partner
        self._wants[partner] = span
        if self._presence.status[partner] == Status.OFFLINE:
            self._presence.become(partner, Status.FREE, self._now)
            self._settle(partner, online(span), None)
            self._match()

    def _offline(self, span: int) -> None:
        partner = self._day.spans[span].partner
        if self._wants[partner] != span:
            return
        self._wants[partner] = NOBODY
        if self._presence.status[partner] == Status.FREE:
            self._presence.become(partner, Status.OFFLINE, self._now)
        elif self._presence.status[partner] == Status.OFFERED:
            self._turned_down(self._offers.pop(partner), declined=True)

    def _free(self, partner: int) -> None:
        """Free a partner, or let them go who no longer want requests."""
        gone = self._wants[partner] == NOBODY
        self._presence.become(partner, Status.OFFLINE if gone else Status.FREE, self._now)

    # ------------------------------------------------------------ requests

    def _ready(self, number: int) -> None:
        """Offer a new request immediately, or let it wait."""
        given, facts = self._given, self._day.requests
        request = Waiting(number, float(facts.created_s[number]), self._now + given.patience_s, self._now)
        insort(self._created, request.since_s)
        self._agenda.add(request.give_up_s, Kind.GAVE_UP, number)
        lone = None if self._pending or given.paused else self._matching.alone(request, given, self._now)
        self._pending[number] = request
        if lone is not None:
            self._offer(request, *lone, 0)
        else:
            self._match()

    def _due(self, number: int) -> None:
        request = self._pending.get(number)
        if request is not None and request.next_s <= self._now:
            self._match()

    def _gave_up(self, number: int) -> None:
        request = self._pending.get(number)
        if request is not None and request.give_up_s <= self._now:
            del self._pending[number]
            self._outcome.end[number] = End.UNMATCHED

    def _left(self, number: int) -> None:
        """Cancel the request of a user who would wait no longer, unless a partner has accepted it."""
        if number in self._asked:
            partner = self._asked.pop(number)
            del self._offers[partner]
            self._free(partner)
        elif self._pending.pop(number, None) is None:
            return
        self._cancel(number)
        self._match()

    def _cancel(self, number: int) -> None:
        self._outcome.end[number] = End.CANCELLED
        insort(self._cancelled, float(self._day.requests.created_s[number]))

    def _recent(self) -> int:
        since = self._now - RECENT_S
        made = len(self._created) - bisect_right(self._created, since)
        return made - (len(self._cancelled) - bisect_right(self._cancelled, since))

    # ------------------------------------------------------------ matching

    def _match(self) -> None:
        """Run the matcher until it makes no more offers."""
        given = self._given
        if given.paused:
            return
        for _ in range(self._matcher.rounds_max):
            waiting = [each for each in self._pending.values() if each.give_up_s > self._now]
            waiting.sort(key=lambda each: (each.since_s, each.number))
            if not waiting:
                return
            offered = False
            for at in range(0, min(len(waiting), self._matcher.waiting_max), self._matcher.batch):
                some = waiting[at : at + self._matcher.batch]
                planned = [each.next_s for each in some]
                chosen = self._matching.batch(some, given, recent=self._recent(), now=self._now)
                for each, before in zip(some, planned, strict=True):
                    if each.next_s != before:
                        self._agenda.add(ceil(each.next_s / SWEEP_S) * SWEEP_S, Kind.DUE, each.number)
                for choice in chosen:
                    self._offer(*choice)
                offered = offered or bool(chosen)
            if not offered:
                return

    def _offer(self, request: Waiting, partner: int, distance_m: float, wave: int) -> None:
        del self._pending[request.number]
        request.wave, request.attempts = wave, request.attempts + 1
        self._presence.become(partner, Status.OFFERED, self._now)
        answer, ttl_s = self._habits.answer(request.number, partner), self._given.offer_ttl_s
        made, outcome = len(self._outcome.offers), self._outcome
        course = self._habits.course(request.number, answer, distance_m)
        self._offers[partner] = Offered(made, request, partner, distance_m, reply_within(answer, ttl_s), course)
        self._asked[request.number] = partner
        outcome.offers.append((self._now, request.number, partner))
        if isnan(outcome.offered_s[request.number]):
            outcome.offered_s[request.number] = self._now - request.since_s
        request.lapsed.append((self._now, partner, wave))
        self._agenda.add(self._now + answered_after_s(answer, ttl_s), Kind.ANSWERED, partner, made)

    def _answered(self, partner: int, number: int) -> None:
        offer = self._offers.get(partner)
        if offer is None or offer.number != number:
            return
        del self._offers[partner]
        if offer.reply == Reply.ACCEPT:
            self._accepted(offer)
        else:
            self._turned_down(offer, declined=offer.reply == Reply.DECLINE)

    def _turned_down(self, offer: Offered, *, declined: bool) -> None:
        """End an offer without a ride: its request waits again."""
        request = offer.request
        del self._asked[request.number]
        if declined:
            request.never.add(offer.partner)
        request.next_s = self._now
        self._pending[request.number] = request
        self._free(offer.partner)
        if request.give_up_s <= self._now:
            self._gave_up(request.number)
        else:
            self._agenda.add(self._now, Kind.DUE, request.number)
        self._match()

    # ------------------------------------------------------------ rides

    def _accepted(self, offer: Offered) -> None:
        request, partner, course, outcome = offer.request, offer.partner, offer.course, self._outcome
        number, waited_s = request.number, self._now - request.since_s
        del self._asked[number]
        self._presence.become(partner, Status.BUSY, self._now)
        outcome.accepted_s[number], outcome.partner[number], outcome.way_m[number] = waited_s, partner, offer.distance_m
        outcome.arrived_s[number], outcome.session_s[number] = waited_s + course.arrives_s, course.session_s
        self._rides[partner] = Ride(request, course, self._presence.place(partner))
        self._agenda.add(self._now + course.lasts_s, Kind.OVER, partner)

    def _over(self, partner: int) -> None:
        """End a ride: its request is served or cancelled, or it waits again because the partner has called off."""
        ride = self._rides.pop(partner)
        request, number, course, facts = ride.request, ride.request.number, ride.course, self._day.requests
        self._free(partner)
        goal, (lat, lng) = (float(facts.lat[number]), float(facts.lng[number])), ride.start
        self._settle(partner, number, (lat + course.way * (goal[0] - lat), lng + course.way * (goal[1] - lng)))
        if course.end == End.OPEN:
            self._called_off(request, partner)
        elif course.end == End.CANCELLED:
            self._cancel(number)
        else:
            self._outcome.end[number] = End.SERVED
        self._match()

    def _called_off(self, request: Waiting, partner: int) -> None:
        """Let a request wait again, with fresh patience, and never for this partner."""
        number, outcome = request.number, self._outcome
        request.never.add(partner)
        request.wave, request.next_s = 0, self._now
        request.give_up_s = self._now + self._given.patience_s
        self._agenda.add(request.give_up_s, Kind.GAVE_UP, number)
        self._pending[number] = request
        outcome.partner[number] = NOBODY
        outcome.accepted_s[number] = outcome.way_m[number] = nan
