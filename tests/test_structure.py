"""The shape of the code by numbers: how deep imports go, how long files and functions are."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
IMPORT_CHAIN_MAX = 15  # modules
FILE_MAX = 300  # lines
FUNCTION_MAX = 50  # lines
LOCKS = {"select_for_update", "for_update_sql"}
FOR_DELETION = ["accounts/leftovers.py", "core/pruning.py"]  # they delete rows that they lock


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file under version control, or about to be, except migrations."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(ROOT / name for name in listed.stdout.split() if "/migrations/" not in name and (ROOT / name).exists())


def product() -> list[Path]:
    """The sources without the tests."""
    return [
        path for path in sources() if is_product(".".join(path.relative_to(ROOT).parts)) and path.name != "conftest.py"
    ]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """The name and the length of each function, from its first decorator to its last line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, (node.end_lineno or start) - start + 1


def is_product(module: str) -> bool:
    """Whether a module is neither a test nor a migration."""
    return not {"tests", "migrations"}.intersection(module.split("."))


def longest_chain(imports: dict[str, set[str]]) -> list[str]:
    """The longest chain of modules of which each imports the next. Raises `RecursionError` on a circle."""

    @cache
    def from_(module: str) -> tuple[str, ...]:
        return (module, *max((from_(other) for other in imports[module]), key=len, default=()))

    return list(max((from_(module) for module in imports), key=len))


@cache
def imports() -> dict[str, set[str]]:
    """What each module of the product imports while it runs."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*filter(is_product, packages), exclude_type_checking_imports=True, cache_dir=None)
    return {
        module: set(filter(is_product, graph.find_modules_directly_imported_by(module)))
        for module in filter(is_product, graph.modules)
    }


def test_import_chains_are_short() -> None:
    chain = longest_chain(imports())
    assert len(chain) <= IMPORT_CHAIN_MAX, " > ".join(chain)


def test_the_longest_chain_is_found() -> None:
    assert longest_chain({"a": {"b", "d"}, "b": {"c"}, "c": set(), "d": set()}) == ["a", "b", "c"]
    with pytest.raises(RecursionError):
        longest_chain({"a": {"b"}, "b": {"a"}})


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert len(lengths) > 100
    assert not {name: lines for name, lines in lengths.items() if lines > FILE_MAX}


def test_functions_are_short() -> None:
    lengths = {f"{path.relative_to(ROOT)}:{name}": lines for path in product() for name, lines in functions(path)}
    assert len(lengths) > 1000
    assert not {name: lines for name, lines in lengths.items() if lines > FUNCTION_MAX}


def test_a_function_is_measured_with_its_decorators(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("@cache\ndef one():\n    return 1\n\n\nclass A:\n    async def two(self): ...\n")
    assert list(functions(path)) == [("one", 3), ("two", 1)]


def test_no_import_hides_in_a_function() -> None:
    """The linter forbids it; nothing may ask for an exception."""
    rule = "PLC" + "0415"
    assert not [str(path) for path in sources() if rule in path.read_text()]
    assert rule not in (ROOT / "pyproject.toml").read_text()


# ---------------------------------------------------------------- locks


def locks_of_keys(source: str) -> list[int]:
    """The lines that lock rows as if these were to be deleted, and so keep rows that point at them from committing."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOCKS)
        and not any(given.arg == "no_key" and ast.unparse(given.value) == "True" for given in node.keywords)
    ]


def test_only_what_is_deleted_has_its_key_locked() -> None:
    found = {str(path.relative_to(ROOT)): locks_of_keys(path.read_text()) for path in product()}
    assert sorted(name for name, lines in found.items() if lines) == FOR_DELETION


def test_a_lock_of_a_key_is_found() -> None:
    source = "a.select_for_update(no_key=True)\nb.select_for_update(of=('self',))\nc.for_update_sql(no_key=False)\n"
    assert locks_of_keys(source) == [2, 3]


def test_no_lock_is_written_in_sql() -> None:
    """`FOR UPDATE` comes from Django, so that the test above sees it."""
    written = [str(path.relative_to(ROOT)) for path in product() if "FOR UPDATE" in path.read_text()]
    assert written == ["bench/cheer_counts.py"]  # which only names the statement
