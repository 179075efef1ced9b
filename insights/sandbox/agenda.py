"""The events of a replay that are still to come."""

from collections.abc import Iterable
from enum import IntEnum
from heapq import heapify, heappop, heappush
from math import isfinite
from typing import NamedTuple

from insights.sandbox.world import Day


class Kind(IntEnum):
    """Kinds of events, in the order in which simultaneous ones are handled."""

    NOTED_FREE = 0  # a partner, by the record
    SEEN = 1  # a partner, elsewhere in their stay
    ONLINE = 2
    READY = 3  # a request
    ANSWERED = 4
    OVER = 5  # a ride
    LEFT = 6  # a request, by its user
    OFFLINE = 7
    GAVE_UP = 8
    DUE = 9  # the next attempt at a request
    CHANGED = 10  # the rules
    NOTED_TAKEN = 11  # a partner, by the record


class Event(NamedTuple):
    """An event, and the numbers of what it is about."""

    at_s: float
    kind: Kind
    number: int  # settles the order
    about: tuple[int, ...]


class Agenda:
    """Events by time. It begins with those that happen under any rules, and the changes of these."""

    def __init__(self, day: Day, changes: Iterable[float]) -> None:
        self._events: list[Event] = []
        for number, at_s in enumerate(changes):
            self._note(at_s, Kind.CHANGED, number)
        for number, step in enumerate(day.steps):
            self._note(step.at_s, Kind.NOTED_FREE if step.free else Kind.NOTED_TAKEN, number)
        for number, span in enumerate(day.spans):
            self._note(span.since_s, Kind.ONLINE, number)
            self._note(span.until_s, Kind.OFFLINE, number)
        leaves = (day.requests.created_s + day.requests.leaves_s).tolist()
        for number, ready_s in enumerate(day.requests.ready_s.tolist()):
            self._note(ready_s, Kind.READY, number)
            self._note(leaves[number], Kind.LEFT, number)
        self._number = len(self._events)
        heapify(self._events)

    def _note(self, at_s: float, kind: Kind, about: int) -> None:
        if isfinite(at_s):
            self._events.append(Event(at_s, kind, len(self._events), (about,)))

    def add(self, at_s: float, kind: Kind, *about: int) -> None:
        """Add an event. Its time is one of whole microseconds, as those of the record are, and so as early or late."""
        self._number += 1
        heappush(self._events, Event(round(at_s, 6), kind, self._number, about))

    def next(self) -> Event | None:
        """Take the next event; None if all is over."""
        return heappop(self._events) if self._events else None
