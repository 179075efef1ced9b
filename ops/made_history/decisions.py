"""The records of a made-up history's matcher, of the days that they are kept: decisions, matchings and looks."""

from dataclasses import astuple
from itertools import islice
from random import Random
from typing import Any

from api.stored_json import packed
from ops.made_history.people import People, Person
from ops.made_history.rows import Ids, Table, dashed, moment
from regions.models import Region
from requests_app.matching import policy
from requests_app.records import IMMEDIATE, MATCHER, LeftOut, Look, LookResult, Matching

FARTHER = 3  # candidates besides the chosen one
STEP_M = 150.0  # from one to the next
CONTENDED = 8  # one of so many offers by the matcher comes of requests that contended


class RecordTables:
    """The tables of the matcher's records."""

    def __init__(self, region: Region) -> None:
        columns = "id request result count searched fit left_out attempts first_at last_at"
        self.looks = Table(Look, columns, number=1, wave=2)
        self.matchings = Table(Matching, "id created_at pairs", region=region.pk)


class DecisionWriter:
    """Writes for what happens from a moment on, in seconds since 1970; what is older has been forgotten."""

    def __init__(self, tables: RecordTables, ids: Ids, since: int) -> None:
        self._looks, self._matchings, self._ids, self._since = tables.looks, tables.matchings, ids, since
        self._matching_ids = Ids(Random(since))  # noqa: S311  # so that all else is as it would be without matchings
        self._by_matcher = 0
        self._last = self._before = ""  # requests that were offered

    def decision(
        self,
        request: str,
        chosen: Person,
        metres: int,
        partners: People,
        asked: tuple[Person, ...],
        begun: int,
        now: int,
    ) -> bytes | None:
        """Return the decision to offer a request to the nearest of a few partners, after some were asked before."""
        if now < self._since:
            return None
        everybody = partners.all
        others = (everybody[(chosen.number + step) % len(everybody)] for step in range(1, len(everybody)))
        near = list(islice((each for each in others if each not in asked), FARTHER))
        candidates = [[dashed(chosen.id), float(metres)]]
        candidates += [[dashed(each.id), metres + STEP_M * place] for place, each in enumerate(near, 1)]
        made: dict[str, Any] = {"by": MATCHER if asked else IMMEDIATE, "rules": list(astuple(policy.RULES))}
        if asked:
            made["waited"] = float(now - begun)
            made["out"] = [[dashed(each.id), LeftOut.DECLINED.value] for each in asked]
        if request != self._last:
            self._last, self._before = request, self._last
        self._by_matcher += bool(asked)
        if asked and self._before and self._by_matcher % CONTENDED == 0:
            made["matching"] = self._matching(request, made["waited"], candidates, now)
        else:
            made["candidates"] = candidates
        return packed(made)

    def _matching(self, request: str, waited_s: float, candidates: list[list[Any]], now: int) -> str:
        """Write that the request before contended, for the second candidate, who is nearer to it. Returns the id."""
        distances_m = [metres for _, metres in candidates]
        said = {
            "requests": [[dashed(request), waited_s], [dashed(self._before), waited_s / 2]],
            "partners": [partner for partner, _ in candidates],
            "pairs": [[0, place, metres] for place, metres in enumerate(distances_m)] + [[1, 1, distances_m[0] / 2]],
        }
        id = self._matching_ids.new(now)
        self._matchings.add(id, moment(now), packed(said))
        return dashed(id)

    def look(self, request: str, asked: int, begun: int, now: int) -> None:
        """Write that nobody was found for a request for a while, but those who were asked before."""
        if now < self._since:
            return
        result = LookResult.NOBODY_FITS if asked else LookResult.NOBODY_NEAR
        left_out = f'{{"{LeftOut.DECLINED.value}": {asked}}}' if asked else "{}"
        self._looks.add(
            self._ids.new(now), request, result.value, 5, asked, 0, left_out, 5 + asked, moment(begun), moment(now)
        )
