"""The house rules for docstrings and comments that a program can check; CONTRIBUTING.md has them all."""

import ast
import re
import tokenize
from pathlib import Path

import pytest

from tests.test_structure import ROOT, product

OPENINGS = re.compile(r"(Who|What|Where|Whoever|Whatever|Wherever|Somebody|Nobody)\b(?![^.]*\?)")
PHRASES = re.compile(
    r"\b(at once|so long|there is none|there are none|is meant|are meant|taken for lost|of one mind|sit out|"
    r"whoever|whatever becomes|what becomes of|nobody's concern|errands?|spoilt|hungry)\b",
    re.IGNORECASE,
)


def docstrings(path: Path) -> list[tuple[int, str]]:
    """The docstrings of a file, each with its line."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]
    return [(getattr(node, "lineno", 1), text) for node in nodes if (text := ast.get_docstring(node))]


def comments(path: Path) -> list[tuple[int, str]]:
    """The comments of a file, each with its line."""
    with tokenize.open(path) as file:
        tokens = tokenize.generate_tokens(file.readline)
        return [(token.start[0], token.string.lstrip("#: ")) for token in tokens if token.type == tokenize.COMMENT]


def findings(path: Path) -> list[str]:
    """Where a file breaks the rules."""
    name = path.relative_to(ROOT)
    found = [f"{name}:{line} opens with {text.split()[0]!r}" for line, text in docstrings(path) if OPENINGS.match(text)]
    for line, text in docstrings(path) + comments(path):
        found += [f"{name}:{line} says {phrase[0]!r}" for phrase in PHRASES.finditer(text)]
    return found


@pytest.mark.parametrize("package", sorted({path.relative_to(ROOT).parts[0] for path in product()}))
def test_docstrings_and_comments_keep_the_house_rules(package: str) -> None:
    files = [path for path in product() if path.relative_to(ROOT).parts[0] == package]
    assert [finding for path in files for finding in findings(path)] == []
