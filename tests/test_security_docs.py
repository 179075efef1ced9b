"""The page about OWASP's standard is whole, and every test that the documentation names as evidence exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "asvs.md"
# The requirements of levels 1 and 2 in ASVS 5.0.0, for each chapter.
REQUIREMENTS = {
    1: 27,
    2: 11,
    3: 19,
    4: 10,
    5: 9,
    6: 35,
    7: 18,
    8: 7,
    9: 7,
    10: 29,
    11: 14,
    12: 9,
    13: 13,
    14: 9,
    15: 13,
    16: 16,
    17: 7,
}
LINE = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (pass|n/a|OPEN) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/.-]+\.py)::([\w:]+)(?:\[[^`]*\])?`")
EVIDENCE = re.compile(r"`[^`]+`|\[[^]]+\]\([^)]+\)")  # a test, a setting or file, a procedure
ROWS = LINE.findall(PAGE.read_text())


@cache
def names_of(path: Path) -> frozenset[str]:
    """The tests of a file: `test_name`, or `TestClass::test_name`."""
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, functions):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{part.name}" for part in node.body if isinstance(part, functions)}
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def missing(text: str) -> list[str]:
    """The tests that a text names and the tree does not have."""
    named = TEST.findall(text)
    return [
        f"{file}::{name}" for file, name in named if not (ROOT / file).is_file() or name not in names_of(ROOT / file)
    ]


def test_every_requirement_is_there_once_and_in_order() -> None:
    ids = [tuple(int(part) for part in id.split(".")) for id, *_ in ROWS]
    assert Counter(chapter for chapter, *_ in ids) == REQUIREMENTS
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)


def test_every_line_of_a_table_is_read() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| *\d", line)]
    assert len(lines) == len(ROWS)


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_every_test_named_exists(page: Path) -> None:
    assert missing(page.read_text()) == []


def test_a_test_that_does_not_exist_is_missed() -> None:
    here = Path(__file__).relative_to(ROOT)
    assert missing(f"`{here}::test_every_test_named_exists[asvs.md]`") == []
    assert missing(f"`{here}::test_of_dreams`, `tests/test_nowhere.py::test_it`") == [
        f"{here}::test_of_dreams",
        "tests/test_nowhere.py::test_it",
    ]


def test_what_passes_has_evidence() -> None:
    assert [id for id, _, _, status, evidence in ROWS if status == "pass" and not EVIDENCE.search(evidence)] == []


def test_the_figures_are_those_of_the_table() -> None:
    counts = Counter(status for _, _, _, status, _ in ROWS)
    said = re.search(r"Today (\d+) pass, (\d+) are not applicable and (\d+) are open\.", PAGE.read_text())
    assert said is not None
    assert [int(figure) for figure in said.groups()] == [counts["pass"], counts["n/a"], counts["OPEN"]]
