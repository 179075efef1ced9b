"""The tables of access: text files with a line for each thing, and a cell for each kind of account."""

from collections.abc import Callable, Iterable
from pathlib import Path

from tests.access.people import COLUMNS, KNOCKING, PEOPLE, STAFF, column_of

FOLDER = Path(__file__).parent
GROUPS = (PEOPLE, STAFF, ("no factor",))

Row = dict[str, str]  # a cell for each column
Try = Callable[[str, str], str]  # (who, thing) -> what comes of it


def read(name: str) -> dict[str, Row]:
    """The rows of a table by what they are about. Raises `AssertionError` for a line that is none."""
    rows: dict[str, Row] = {}
    for number, line in enumerate((FOLDER / f"{name}.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        thing, *groups = (part.split() for part in line.split("|"))
        cells = [cell for group in groups for cell in group]
        where = f"{name}.txt, line {number}"
        assert [len(group) for group in groups] == [len(group) for group in GROUPS], f"{where}: columns are missing"
        assert " ".join(thing) not in rows, f"{where} stands there twice"
        rows[" ".join(thing)] = dict(zip(COLUMNS, cells, strict=True))
    return rows


def line_of(thing: str, row: Row) -> str:
    """A row as its table writes it."""
    return " | ".join([thing, *(" ".join(row[column] for column in group) for group in GROUPS)])


def found_row(thing: str, attempt: Try, people: Iterable[str]) -> Row:
    """The row as the program behaves today. A cell on which staff without a second factor differ shows all results."""
    row: Row = {}
    for who in people:
        column, cell = column_of(who), attempt(who, thing)
        if cell not in row.get(column, "").split("+"):
            row[column] = f"{row[column]}+{cell}" if column in row else cell
    return row


def assert_listed(name: str, things: Iterable[str], attempt: Try, people: Iterable[str] = KNOCKING) -> None:
    """A table lists exactly these things; of one that it does not list, the failure shows the row of today."""
    rows, there = read(name), list(things)
    gone = [thing for thing in rows if thing not in there]
    assert not gone, f"{name}.txt lists what is not there: {gone}"
    new = [line_of(thing, found_row(thing, attempt, people)) for thing in there if thing not in rows]
    assert not new, f"{name}.txt does not list these; each is today, which may be wrong:\n" + "\n".join(new)


def assert_cells(name: str, who: str, attempt: Try) -> None:
    """Everything in a table is to somebody what their column says."""
    wrong = []
    for thing, row in read(name).items():
        listed, found = row[column_of(who)], attempt(who, thing)
        if found != listed:
            wrong.append(f"{thing} for {who}: {found}, where the table says {listed}")
    assert not wrong, f"{name}.txt:\n" + "\n".join(wrong)
