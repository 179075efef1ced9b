"""The marks of a map: the changes applied to a snapshot are the map, however partners come, move and go."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import new_id
from ops.live.board import DIGITS, NO_ID, NO_STATE, Board, Mark

ROOT = Path(__file__).resolve().parents[2]
NAMES = [str(new_id()) for _ in range(12)]
State = dict[str, tuple[int, int, str]]
some_marks = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(Mark, st.integers(2_600_000, 2_600_070), st.integers(2_100_000, 2_100_070), st.sampled_from("fobs")),
)


def number(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 64 + DIGITS.index(digit)
    return value


class Page:
    """A page that follows a board, as static/js/staff-marks.js does."""

    def __init__(self, whole: dict[str, str]) -> None:
        self.states = list(whole["states"])
        self.ids = [whole["ids"][22 * slot : 22 * slot + 22] for slot in range(len(self.states))]
        places = [whole["places"][8 * slot : 8 * slot + 8] for slot in range(len(self.states))]
        self.places = [[number(place[:4]), number(place[4:])] for place in places]

    def follow(self, steps: str, rows: list[list[object]]) -> None:
        slot = at = 0
        while at < len(steps):
            if steps[at] == ".":
                slot, at = slot + 1, at + 1
            elif steps[at] == "~":
                slot, at = slot + number(steps[at + 1 : at + 3]), at + 3
            else:
                self.places[slot][0] += number(steps[at]) - 32
                self.places[slot][1] += number(steps[at + 1]) - 32
                slot, at = slot + 1, at + 2
        for row in rows:
            self.take(*row)  # type: ignore[arg-type]  # as the frame has them

    def take(self, slot: int, state: str, place: str = "", id: str = "") -> None:
        if slot == len(self.states):
            self.states, self.ids, self.places = [*self.states, ""], [*self.ids, ""], [*self.places, [0, 0]]
        self.states[slot] = state
        if place:
            self.places[slot] = [number(place[:4]), number(place[4:])]
        if id or state == NO_STATE:
            self.ids[slot] = id or NO_ID

    @property
    def shown(self) -> State:
        rows = zip(self.ids, self.places, self.states, strict=True)
        return {id: (*place, state) for id, place, state in rows if state != NO_STATE}  # type: ignore[misc]


def page_of(board: Board) -> Page:
    return Page(board.whole())


@given(st.lists(some_marks, min_size=1, max_size=8), st.data())
@settings(deadline=None)
def test_changes_after_a_snapshot_are_the_next_snapshot(rounds: list[dict[str, Mark]], data: st.DataObject) -> None:
    board = Board()
    board.change(data.draw(some_marks))
    page = page_of(board)
    for marks in rounds:
        change = board.change(marks)
        page.follow(change["steps"], change["rows"])
        assert page.shown == page_of(board).shown
        assert len(page.shown) == len(marks)


@given(some_marks, some_marks)
def test_what_is_shown_is_never_two_units_off(before: dict[str, Mark], after: dict[str, Mark]) -> None:
    board = Board()
    for marks in (before, after):
        board.change(marks)
    for name, mark in after.items():
        known = board._marks[name]
        assert (abs(known.y - mark.y) < 2 and abs(known.x - mark.x) < 2) or known == mark


def test_ten_thousand_who_all_move_take_twenty_kilobytes() -> None:
    names = [str(new_id()) for _ in range(10_000)]
    board = Board()
    board.change({name: Mark(2_600_000, 2_100_000, "f") for name in names})
    change = board.change({name: Mark(2_600_003, 2_099_998, "f") for name in names})
    assert (len(change["steps"]), change["rows"]) == (20_000, [])


def test_nothing_is_said_of_those_who_stay() -> None:
    board, name = Board(), NAMES[0]
    board.change({name: Mark(10, 10, "f")})
    assert board.change({name: Mark(11, 9, "f")})["steps"] == ""
    assert board.change({name: Mark(12, 9, "f")})["steps"] == DIGITS[34] + DIGITS[31]  # from where it was shown


def test_a_long_way_a_new_state_and_a_new_partner_are_rows() -> None:
    board, (one, two) = Board(), NAMES[:2]
    board.change({one: Mark(10, 10, "f")})
    assert board.change({one: Mark(90, 10, "f")})["rows"] == [[0, "f", "001Q000A"]]
    assert board.change({one: Mark(90, 10, "b")})["rows"] == [[0, "b"]]
    assert [row[:3] for row in board.change({two: Mark(1, 1, "f")})["rows"]] == [[0, "."], [0, "f", "00010001"]]


def test_a_board_that_begins_anew_has_another_name() -> None:
    assert Board().name != Board().name


def test_the_script_is_tested_with_what_a_board_says() -> None:
    """`tests/js/staff-marks.test.js` applies the changes of this file to its snapshot."""
    told = json.loads((ROOT / "tests/js/staff-marks.json").read_text())
    board = Board()
    board.name = told["whole"]["board"]
    for which, marks in told["marks"].items():
        change = board.change({name: Mark(*mark) for name, mark in marks.items()})
        assert change == told["changes"][which]
        if which == "1":
            assert board.whole() == told["whole"]
