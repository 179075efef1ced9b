"""Makes the facts of a recorded day (`world.py`) of its rows. Pure: no database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf, nan
from statistics import median
from typing import Any
from uuid import UUID

import numpy as np

from insights.sandbox.places import located
from insights.sandbox.rows import OfferRow, RideRow, Rows
from insights.sandbox.served import NEVER_MATCHED, arrival_of, is_served
from insights.sandbox.sights import Sights
from insights.sandbox.spans import Presences
from insights.sandbox.world import NOBODY, Answer, Conditions, Day, End, Fix, Ints, Looks, Outcome, Reply, Requests
from regions.geometry import S_PER_M
from requests_app.reasons import RequestClosed
from requests_app.states import OfferStatus
from rides.reasons import RideClosed
from rides.states import RideStatus

BY_THE_USER = {RideClosed.CANCELLED_BY_USER, RideClosed.CANCELLED_BY_STAFF}  # the request ends as well
RIDES_MIN, WAY_MIN_M = 10, 300.0  # for the pace of a day
REPLIES = {
    OfferStatus.ACCEPTED: Reply.ACCEPT,
    OfferStatus.DECLINED: Reply.DECLINE,
    OfferStatus.EXPIRED: Reply.NONE,
    OfferStatus.RESCINDED: Reply.NONE,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A day to replay, what happened on it, and whose numbers are whose."""

    day: Day
    outcome: Outcome
    requests: list[UUID]
    partners: list[UUID]
    users: Ints  # the number of the user of each request
    coarse: bool  # places have been rounded meanwhile
    undecided: int  # offers without a decision: the distances behind them are gone
    unplaced: int  # stays of partners of whom nothing tells where they were


class Recording:
    """One day while it is made of its rows."""

    def __init__(self, rows: Rows, conditions: Sequence[tuple[datetime, Conditions]]) -> None:
        self.rows = rows
        ready = [each for each in rows.requests if each.closed_code not in NEVER_MATCHED]
        self.kept = ready
        self.number = {each.id: number for number, each in enumerate(ready)}
        self.partner = {each.id: number for number, each in enumerate(rows.partners)}
        self.conditions = [(self.seconds(at), given) for at, given in conditions]
        self.rides = [each for each in rows.rides if each.request_id in self.number]
        self.offers = [each for each in rows.offers if each.request_id in self.number]

    def seconds(self, moment: datetime) -> float:
        """Return a moment in seconds from where the replay begins."""
        return (moment - self.rows.base).total_seconds()

    def made(self) -> Recorded:
        """Return the day."""
        presences = Presences(self.rows.steps, self.rows.partners, self._ends(), self.seconds)
        sights = Sights(self.offers, self.rows.matchings, self.number, self.partner, self.conditions, self.seconds)
        places, unplaced = self._places(presences, sights)
        fits, restricted, kind = self._kinds()
        answers = self._answers()
        day = Day(
            begins_s=self.seconds(self.rows.begins),
            ends_s=self.seconds(self.rows.ends),
            requests=self._requests(kind),
            spans=presences.spans,
            steps=presences.steps,
            places=places,
            sights=sights.by_request,
            looks=self._looks(),
            answers=answers,
            usual_answers=[each for some in answers.values() for each in some if np.isfinite(each.after_s)],
            fits=fits,
            restricted=restricted,
            pace=self._pace(),
            conditions=self.conditions,
        )
        return Recorded(
            day,
            self._outcome(presences),
            [each.id for each in self.kept],
            [each.id for each in self.rows.partners],
            self._users(),
            coarse=any(each.coarse for each in self.kept),
            undecided=sum(each.decision is None for each in self.offers),
            unplaced=unplaced,
        )

    # ------------------------------------------------------------ requests

    def _users(self) -> Ints:
        numbers: dict[Any, int] = {}
        return np.array([numbers.setdefault(each.user_id, len(numbers)) for each in self.kept], np.int64)

    def _kinds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], list[int]]:
        slugs = sorted(self.rows.kinds)
        types = [each.type for each in self.rows.partners]
        allowed = [self.rows.kinds[slug] for slug in slugs]
        fits = np.array([[not some or each in some for each in types] for some in allowed], bool)
        kinds = {slug: number for number, slug in enumerate(slugs)}
        numbers = [kinds[each.kind] for each in self.kept]
        return fits.reshape(len(slugs), len(types)), np.array([bool(some) for some in allowed], bool), numbers

    def _requests(self, kind: list[int]) -> Requests:
        own = {each.user_id: number for number, each in enumerate(self.rows.partners)}
        size = len(self.kept)
        leaves_s, regrets_s = np.full(size, inf), np.full(size, inf)
        before_s, session_s = np.full(size, nan), np.full(size, nan)
        rides = {each.request_id: each for each in self.rides}  # the last one of each
        for number, request in enumerate(self.kept):
            ride, at = rides.get(request.id), self.rows.cancelled.get(request.id)
            if ride is not None:
                before_s[number], session_s[number] = _service(ride)
            if at is None or request.closed_code == RequestClosed.NO_SHOW:
                continue
            if ride is not None and ride.cancelled_at == at:
                regrets_s[number] = (at - ride.accepted_at).total_seconds()
            elif request.closed_code in (RequestClosed.CANCELLED_BY_USER, RequestClosed.CANCELLED_BY_STAFF):
                leaves_s[number] = (at - request.created_at).total_seconds()
        created = np.array([self.seconds(each.created_at) for each in self.kept])
        held = self.rows.held
        return Requests(
            created_s=created,
            ready_s=np.array(
                [self.seconds(max(each.created_at, held.get(each.id, each.created_at))) for each in self.kept]
            ),
            lat=np.array([each.lat for each in self.kept]),
            lng=np.array([each.lng for each in self.kept]),
            kind=np.array(kind, np.int64),
            partner=np.array([own.get(each.user_id, NOBODY) for each in self.kept], np.int64),
            leaves_s=leaves_s,
            regrets_s=regrets_s,
            before_s=before_s,
            session_s=session_s,
        )

    # ------------------------------------------------------------ partners

    def _ends(self) -> dict[tuple[UUID, datetime], int]:
        """Return the request of each ride by its partner and the moment at which it ended."""
        ended = ((each, each.end_time or each.cancelled_at) for each in self.rides)
        return {(ride.partner_id, at): self.number[ride.request_id] for ride, at in ended if at is not None}

    def _places(self, presences: Presences, sights: "Sights") -> tuple[dict[tuple[int, int], Sequence[Fix]], int]:
        """Place each stay where its partner was seen, or where they were last."""
        seen: dict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)
        for request, some in sights.by_request.items():
            for sight in some:
                for partner, distance_m in sight.distance_m.items():
                    stay = presences.stay_at(partner, sight.at_s)
                    if stay is not None:
                        where = self.kept[request]
                        seen[partner, stay].append((where.lat, where.lng, distance_m))
        served = {(self.partner[each.partner_id], self.number[each.request_id]): each for each in self.rides}
        places: dict[tuple[int, int], Sequence[Fix]] = {}
        unplaced = 0
        for partner, stays in presences.stays.items():
            last: tuple[float, float] | None = None
            nameless: list[tuple[float, int]] = []
            for at_s, stay in stays:
                ride = served.get((partner, stay))
                if ride is not None and (ride.arrived_at or ride.start_time):
                    last = self.kept[stay].lat, self.kept[stay].lng
                place = located(seen.get((partner, stay), ()), last)
                if place is None:
                    nameless.append((at_s, stay))
                    continue
                last, places[partner, stay] = place, [(at_s, *place)]
                for earlier_s, earlier in nameless:  # where they were first seen
                    places[partner, earlier] = [(earlier_s, *place)]
                nameless.clear()
            unplaced += len(nameless)
        return places, unplaced

    def _looks(self) -> dict[int, Sequence[Looks]]:
        found: dict[int, list[Looks]] = defaultdict(list)
        for row in self.rows.looks:
            if row.request_id in self.number:
                looks = Looks(self.seconds(row.first_at), self.seconds(row.last_at), row.looks)
                found[self.number[row.request_id]].append(looks)
        return dict(found)

    def _answers(self) -> dict[tuple[int, int], Sequence[Answer]]:
        rides = {(each.request_id, each.partner_id): each for each in self.rides}
        found: dict[tuple[int, int], list[Answer]] = defaultdict(list)
        for offer in self.offers:
            if offer.status == OfferStatus.PENDING:
                continue
            key = self.number[offer.request_id], self.partner[offer.partner_id]
            found[key].append(_answer(offer, rides.get((offer.request_id, offer.partner_id))))
        return dict(found)

    def _pace(self) -> float:
        """Return the median of the recorded travel times by those that the policy supposes."""
        answers = (each for some in self._answers().values() for each in some)
        ways = [
            each.travel_s / (each.distance_m * S_PER_M)
            for each in answers
            if each.distance_m >= WAY_MIN_M and np.isfinite(each.travel_s)
        ]
        return median(ways) if len(ways) >= RIDES_MIN else 1.0

    # ------------------------------------------------------------ what happened

    def _outcome(self, presences: Presences) -> Outcome:
        made = Outcome.blank(len(self.kept), len(self.rows.partners))
        for span in presences.spans:
            made.online_s[span.partner] += min(span.until_s, self.seconds(self.rows.ends)) - span.since_s
        for number, request in enumerate(self.kept):
            made.end[number] = ENDS.get(request.status, End.OPEN)
        for offer in self.offers:
            number, at_s = self.number[offer.request_id], self.seconds(offer.created_at)
            made.offers.append((at_s, number, self.partner[offer.partner_id]))
            if np.isnan(made.offered_s[number]):
                made.offered_s[number] = (offer.created_at - self.kept[number].created_at).total_seconds()
        ways = {(each.request_id, each.partner_id): each.distance_m for each in self.offers}
        for ride in self.rides:
            number = self.number[ride.request_id]
            if ride.status == RideStatus.CANCELLED and not is_served(ride) and ride.closed_code not in BY_THE_USER:
                continue  # its request was matched again
            created = self.kept[number].created_at
            made.partner[number] = self.partner[ride.partner_id]
            made.way_m[number] = ways.get((ride.request_id, ride.partner_id), nan)
            made.accepted_s[number] = (ride.accepted_at - created).total_seconds()
            if is_served(ride):
                made.end[number] = End.SERVED
                made.arrived_s[number] = (arrival_of(ride) - created).total_seconds()
                made.session_s[number] = _service(ride)[1]
        return made


ENDS: Mapping[str, End] = {"completed": End.SERVED, "cancelled": End.CANCELLED, "no_match": End.UNMATCHED}


def _service(ride: RideRow) -> tuple[float, float]:
    """Return the time from the arrival to the session, and its length; NaN if unknown."""
    if not is_served(ride):
        return nan, nan
    arrived, begun, ended = arrival_of(ride), ride.start_time, ride.end_time
    if begun is None:  # nobody was there
        return ((ride.cancelled_at - arrived).total_seconds() if ride.cancelled_at else nan), 0.0
    return (begun - arrived).total_seconds(), (ended - begun).total_seconds() if ended else nan


def _answer(offer: OfferRow, ride: RideRow | None) -> Answer:
    reply = REPLIES[OfferStatus(offer.status)]
    after_s = (offer.answered_at - offer.created_at).total_seconds() if offer.answered_at else inf
    if offer.status == OfferStatus.RESCINDED:
        after_s = inf  # nobody knows
    travel_s, calls_off_s = nan, inf
    if reply == Reply.ACCEPT and ride is not None:
        if is_served(ride):
            travel_s = (arrival_of(ride) - ride.accepted_at).total_seconds()
        elif ride.cancelled_at is not None and ride.closed_code not in BY_THE_USER:
            calls_off_s = (ride.cancelled_at - ride.accepted_at).total_seconds()
    return Answer(reply, after_s, float(offer.distance_m), travel_s, calls_off_s)
