"""When partners wanted requests, and in which stay they were, of the steps of their statuses. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import inf
from uuid import UUID

from accounts.states import PartnerStatus
from insights.sandbox.rows import PartnerRow, StepRow
from insights.sandbox.world import NOBODY, Span, Step, online

AVAILABLE, OFFERED, BUSY, OFFLINE = (
    PartnerStatus.AVAILABLE.value,
    PartnerStatus.OFFERED.value,
    PartnerStatus.BUSY.value,
    PartnerStatus.OFFLINE.value,
)


class Presences:
    """The spans online, and the steps between stays, of all partners.

    A partner whose first step shows them free was online from the beginning. One who was at work is first online when
    that work has ended. Work that is not of this day, or of another region, ends a span.
    """

    def __init__(
        self,
        steps: Sequence[StepRow],
        partners: Sequence[PartnerRow],
        ends: Mapping[tuple[UUID, datetime], int],
        seconds: Callable[[datetime], float],
    ) -> None:
        self.spans: list[Span] = []
        self.steps: list[Step] = []
        self.stays: dict[int, list[tuple[float, int]]] = defaultdict(list)  # by partner: since when, and which
        self._ends, self._seconds = ends, seconds
        own: dict[UUID, list[StepRow]] = defaultdict(list)
        for step in steps:
            own[step.partner_id].append(step)
        for number, partner in enumerate(partners):
            if own[partner.id]:
                self._follow(number, own[partner.id])
        self.steps.sort(key=lambda each: each.at_s)

    def stay_at(self, partner: int, at_s: float) -> int | None:
        """Return the stay in which a partner was, or which they had last begun."""
        stays = self.stays.get(partner, [])
        at = bisect_right(stays, at_s, key=lambda each: each[0]) - 1
        return stays[at][1] if at >= 0 else None

    def _follow(self, partner: int, steps: Sequence[StepRow]) -> None:
        since: float | None = None  # the span that is open
        taken_s, stay = 0.0, NOBODY
        own: list[Step] = []
        if steps[0].old in (AVAILABLE, OFFERED):
            since, stay = 0.0, self._begin(partner, 0.0)
        for step in steps:
            at_s = self._seconds(step.at)
            if step.new == AVAILABLE:
                served = self._ends.get((step.partner_id, step.at)) if step.old == BUSY else None
                if served is not None:
                    stay = served
                    self.stays[partner].append((at_s, stay))
                if since is None or (step.old == BUSY and served is None):
                    self._close(partner, since, taken_s)
                    since, stay = at_s, self._begin(partner, at_s)
                elif step.old == OFFLINE:
                    self._close(partner, since, at_s)
                    since, stay = at_s, self._begin(partner, at_s)
            elif step.new == OFFERED:
                taken_s = at_s
            elif step.new == OFFLINE:
                self._close(partner, since, at_s)
                since = None
            if own and own[-1].at_s == at_s:
                own.pop()  # of several steps in one moment, the last one counts
            own.append(Step(at_s, partner, step.new == AVAILABLE, stay))
        self.steps += own
        self._close(partner, since, inf)

    def _begin(self, partner: int, at_s: float) -> int:
        """Open a span; returns its stay."""
        self.spans.append(Span(partner, at_s, inf))
        stay = online(len(self.spans) - 1)
        self.stays[partner].append((at_s, stay))
        return stay

    def _close(self, partner: int, since: float | None, until_s: float) -> None:
        if since is not None:
            self.spans[-1] = Span(partner, since, until_s)  # the last one is of the partner who is followed
