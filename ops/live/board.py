"""The marks on the map of a region, as a snapshot and the changes after it.

Each mark has a slot, a small number that it keeps. A snapshot has three texts: 22 characters for each slot's id, 8 for
its place and 1 for its state. A change names the marks that have moved by a step of two characters, in the order of
the slots, and all else row by row. A step is up to 32 units; a unit is 0.00005 degrees, some 5 m. A mark that has moved
by less than two units stays where it is. Ten thousand partners who all move take two bytes each.

The digits of numbers are those of `DIGITS`. Between the steps, "." leaves out one slot, and "~" as many as the number
of two digits after it says. `static/js/staff-marks.js` reads all this.
"""

import heapq
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
UNIT = 5e-5  # degrees
STEP_LEAST, STEP_MOST = 2, 32  # units
NO_ID, NO_PLACE, NO_STATE = " " * 22, "0" * 8, "."
SKIPPED_MOST = 64 * 64 - 1
Row = list[Any]  # slot, state and, if they have changed, place and id


class Mark(NamedTuple):
    """A place in units from the south pole and the date line, and a state of one letter."""

    y: int
    x: int
    state: str

    @classmethod
    def at(cls, lat: float, lng: float, state: str) -> "Mark":
        """The mark nearest to a place in degrees."""
        return cls(round((lat + 90) / UNIT), round((lng + 180) / UNIT), state)

    @property
    def place(self) -> str:
        """The place in eight digits."""
        return _number(self.y, 4) + _number(self.x, 4)


class Board:
    """The marks of one region as every page knows them, which has the snapshot and each change since."""

    def __init__(self) -> None:
        self.name = uuid4().hex[:8]  # pages with marks of another board need the snapshot
        self.number = 0  # of the last change
        self._slots: dict[str, int] = {}
        self._marks: dict[str, Mark] = {}
        self._names: list[str | None] = []  # by slot
        self._ids: list[str] = []
        self._free: list[int] = []

    def change(self, marks: Mapping[str, Mark]) -> dict[str, Any]:
        """Take in where all marks are now, by id, and return what pages need to follow."""
        rows = [self._remove(name) for name in self._slots.keys() - marks.keys()]
        steps: dict[int, str] = {}
        for name, mark in marks.items():
            slot = self._slots.get(name)
            if slot is None:
                rows.append(self._add(name, mark))
                continue
            known = self._marks[name]
            north, east = mark.y - known.y, mark.x - known.x
            if -STEP_LEAST < north < STEP_LEAST and -STEP_LEAST < east < STEP_LEAST:
                if mark.state != known.state:
                    self._marks[name] = known._replace(state=mark.state)
                    rows.append([slot, mark.state])
                continue
            self._marks[name] = mark
            if mark.state != known.state or not _is_step(north) or not _is_step(east):
                rows.append([slot, mark.state, mark.place])
            else:
                steps[slot] = DIGITS[north + STEP_MOST] + DIGITS[east + STEP_MOST]
        self.number += 1
        return {"board": self.name, "n": self.number, "steps": _joined(steps), "rows": rows}

    def whole(self) -> dict[str, Any]:
        """The snapshot."""
        marks = [None if name is None else self._marks[name] for name in self._names]
        return {
            "board": self.name,
            "n": self.number,
            "ids": "".join(self._ids),
            "places": "".join(NO_PLACE if mark is None else mark.place for mark in marks),
            "states": "".join(NO_STATE if mark is None else mark.state for mark in marks),
        }

    def _add(self, name: str, mark: Mark) -> Row:
        slot = heapq.heappop(self._free) if self._free else len(self._names)
        if slot == len(self._names):
            self._names.append(None)
            self._ids.append(NO_ID)
        self._names[slot], self._ids[slot] = name, _short(name)
        self._slots[name], self._marks[name] = slot, mark
        return [slot, mark.state, mark.place, self._ids[slot]]

    def _remove(self, name: str) -> Row:
        slot = self._slots.pop(name)
        self._names[slot], self._ids[slot] = None, NO_ID
        del self._marks[name]
        heapq.heappush(self._free, slot)
        return [slot, NO_STATE]


def _is_step(units: int) -> bool:
    return -STEP_MOST <= units < STEP_MOST


def _short(name: str) -> str:
    return urlsafe_b64encode(UUID(name).bytes).rstrip(b"=").decode()


def _number(value: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        value, digit = divmod(value, 64)
        text = DIGITS[digit] + text
    return text


def _joined(steps: Mapping[int, str]) -> str:
    """The steps in the order of their slots, with the slots between them left out."""
    parts: list[str] = []
    next_slot = 0
    for slot in sorted(steps):
        parts += _skip(slot - next_slot)
        parts.append(steps[slot])
        next_slot = slot + 1
    return "".join(parts)


def _skip(count: int) -> Iterable[str]:
    while count > SKIPPED_MOST:
        yield "~" + _number(SKIPPED_MOST, 2)
        count -= SKIPPED_MOST
    if count > 2:
        yield "~" + _number(count, 2)
    else:
        yield "." * count
