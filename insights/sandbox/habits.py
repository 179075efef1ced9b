"""Habits of people in a replay: as the record knows it, or drawn from what others did on that day."""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from insights.sandbox.chance import place_of
from insights.sandbox.world import Answer, Day, End, Floats, Reply
from regions.geometry import S_PER_M

SAME_M = 25.0  # a way that differs by less is the same way
SWEPT_WITHIN_S = 2.0  # the most between an offer's deadline and its end
USUAL_ANSWER = Answer(Reply.ACCEPT, 5.0)  # on a day without any
USUAL_BEFORE_S, USUAL_SESSION_S = 30.0, 600.0
SESSION, BEFORE, ANSWER = range(3)  # what is drawn


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a ride from its acceptance on."""

    end: End  # `OPEN`: the partner calls it off
    lasts_s: float
    arrives_s: float  # NaN if it is over before
    session_s: float  # NaN if it is over before
    way: float  # the part of the way that the partner covers, 0 to 1


class Habits:
    """The people of a day. The same seed lets them do the same under other rules."""

    def __init__(self, day: Day, *, seed: int) -> None:
        self._day, self._seed = day, seed
        self._met: dict[tuple[int, int], int] = {}
        self._session_s = _drawn(day.requests.session_s, SESSION, seed, USUAL_SESSION_S)
        self._before_s = _drawn(day.requests.before_s, BEFORE, seed, USUAL_BEFORE_S)

    def answer(self, request: int, partner: int) -> Answer:
        """Return how a partner answers the next offer of a request."""
        meeting = self._met.get((request, partner), 0)
        self._met[request, partner] = meeting + 1
        known, usual = self._day.answers.get((request, partner), ()), self._day.usual_answers
        if meeting < len(known):
            return known[meeting]
        if not usual:
            return USUAL_ANSWER
        other = usual[place_of(len(usual), self._seed, ANSWER, request, partner, meeting)]
        return Answer(other.reply, other.after_s, calls_off_s=other.calls_off_s)

    def course(self, request: int, answer: Answer, distance_m: float) -> Course:
        """Return the course of a ride: the first of what may end it does."""
        known = isfinite(answer.travel_s) and abs(answer.distance_m - distance_m) <= SAME_M
        travel_s = answer.travel_s if known else distance_m * S_PER_M * self._day.pace
        regrets_s = float(self._day.requests.regrets_s[request])
        starts_s, session_s = travel_s + float(self._before_s[request]), float(self._session_s[request])
        first_s = min(answer.calls_off_s, regrets_s)
        if first_s >= starts_s:
            return Course(End.SERVED, starts_s + session_s, travel_s, session_s, 1.0)
        end = End.OPEN if answer.calls_off_s <= regrets_s else End.CANCELLED
        return Course(end, first_s, nan, nan, min(1.0, first_s / travel_s) if travel_s else 1.0)


def answered_after_s(answer: Answer, ttl_s: float) -> float:
    """Return how long after an offer it is answered, or ended because nobody answers."""
    if answer.reply != Reply.NONE:
        return min(answer.after_s, ttl_s)
    return answer.after_s if ttl_s <= answer.after_s <= ttl_s + SWEPT_WITHIN_S else ttl_s


def reply_within(answer: Answer, ttl_s: float) -> Reply:
    """Return the reply to an offer that is open for `ttl_s`."""
    return answer.reply if answer.after_s < ttl_s else Reply.NONE


def _drawn(values: Floats, what: int, seed: int, usual: float) -> Floats:
    """Return the values with those that are unknown drawn from the others; `usual` where none is known."""
    known = np.sort(values[~np.isnan(values)])
    filled = values.copy()
    for at in np.flatnonzero(np.isnan(values)).tolist():
        filled[at] = known[place_of(known.size, seed, what, at)] if known.size else usual
    return filled
