"""The decisions of a made-up history's offers, and its looks that made no offer, of the days that they are kept."""

from typing import Any

from api.stored_json import packed
from ops.made_history.people import People, Person
from ops.made_history.rows import Ids, Table, dashed, moment
from requests_app.matching import policy
from requests_app.records import IMMEDIATE, MATCHER, LeftOut, Look, LookResult

FARTHER = 3  # candidates besides the chosen one
STEP_M = 150.0  # from one to the next


class LookTables:
    """The table of looks."""

    def __init__(self) -> None:
        columns = "id request result count searched fit left_out attempts first_at last_at"
        self.looks = Table(Look, columns, number=1, wave=2)


class DecisionWriter:
    """Writes for what happens from a moment on, in seconds since 1970; what is older has been forgotten."""

    def __init__(self, tables: LookTables, ids: Ids, since: int) -> None:
        self._looks, self._ids, self._since = tables.looks, ids, since

    def decision(
        self, chosen: Person, metres: int, partners: People, asked: tuple[Person, ...], begun: int, now: int
    ) -> bytes | None:
        """Return the decision to offer a request to the nearest of a few partners, after some were asked before."""
        if now < self._since:
            return None
        everybody = partners.all
        near = [everybody[(chosen.number + step) % len(everybody)] for step in range(1, FARTHER + 1)]
        candidates = [[dashed(chosen.id), float(metres)]]
        candidates += [[dashed(each.id), metres + STEP_M * place] for place, each in enumerate(near, 1)]
        made: dict[str, Any] = {
            "by": MATCHER if asked else IMMEDIATE,
            "rules": policy.RULES_STORED,
            "candidates": candidates,
        }
        if asked:
            made["waited"] = float(now - begun)
            made["out"] = [[dashed(each.id), LeftOut.DECLINED.value] for each in asked]
        return packed(made)

    def look(self, request: str, asked: int, begun: int, now: int) -> None:
        """Write that nobody was found for a request for a while, but those who were asked before."""
        if now < self._since:
            return
        result = LookResult.NOBODY_FITS if asked else LookResult.NOBODY_NEAR
        left_out = f'{{"{LeftOut.DECLINED.value}": {asked}}}' if asked else "{}"
        self._looks.add(
            self._ids.new(now), request, result.value, 5, asked, 0, left_out, 5 + asked, moment(begun), moment(now)
        )
