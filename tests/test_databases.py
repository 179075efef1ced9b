"""The whole suite runs on one database only what the other could not decide differently."""

import re

import pytest

from testbed.databases import ONLY, is_only_for
from testbed.processes import BASE

FILES = {
    str(path.relative_to(BASE)): path.read_text()
    for path in BASE.rglob("test_*.py")
    if not path.relative_to(BASE).parts[0].startswith((".", "node_modules", "var"))
}
# Threads that meet in the database, and what only its locks and constraints bring about.
DECIDED_BY_IT = re.compile(r"in_threads|IntegrityError|select_for_update")


@pytest.mark.parametrize("database", ONLY)
def test_every_entry_is_of_files_that_are_there(database: str) -> None:
    assert len(FILES) > 200
    for pattern in ONLY[database]:
        assert [path for path in FILES if is_only_for(database, path, (pattern,))], pattern


def test_no_file_is_left_out_on_both() -> None:
    assert not [path for path in FILES if all(is_only_for(database, path) for database in ONLY)]


def test_what_the_database_decides_runs_on_both() -> None:
    once = [path for path in FILES if any(is_only_for(database, path) for database in ONLY)]
    assert not {path: found for path in once if (found := DECIDED_BY_IT.findall(FILES[path]))}
