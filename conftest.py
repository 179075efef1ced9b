"""Every test's surroundings: see testbed/environment.py for what is started and when."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from testbed import databases, environment, migrated, schedule
from testbed.stack import Stack, running_stack

pytest_plugins = ["tests.fixtures", "tests.online", "tests.authenticator_app"]
# What tests import from here asserts as they do: a failure shows both sides.
pytest.register_assert_rewrite(
    "payments.tests.whole_life",
    "tests.cast",
    "tests.lives",
    "tests.fuzz.calls",
    "tests.fuzz.lines",
    "tests.night.cast",
    "tests.night.dawn",
    "tests.night.scenes",
    "tests.run.echo",
    "notifications.tests.sockets",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add our options, and start what the settings point at.

    This is the first moment at which the options are known, and the last before other conftests import models.
    """
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite", help="what the tests run on")
    parser.addoption(
        "--share", action="store_true", help="only what this database's run of the whole suite consists of"
    )
    config = pluginmanager.getplugin("pytestconfig")
    assert config is not None
    options = parser.parse_known_args(list(config.invocation_params.args))
    environment.prepare(options.database)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Have the workers load their own settings: a conftest may import what names them."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> schedule.ByFile:
    """Workers take whole files."""
    return schedule.ByFile(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--share`, don't load the files that run on the other database only."""
    if config.getoption("--share") and databases.has_no_part_in(
        config.getoption("--database"), collection_path.relative_to(config.rootpath).as_posix()
    ):
        return True
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Let xdist's workers begin with what takes longest. With `--share`, leave out what runs on the other database.

    This comes after pytest-django's order, which puts what uses no database of the tests' own last.
    """
    yield
    for item in items:
        if any(item.iter_markers("e2e")) or any(item.iter_markers("browser")):
            assert schedule.needs_program(item.nodeid), f"add {item.nodeid} to testbed.schedule.PROGRAM_FILES"
    if hasattr(config, "workerinput"):
        schedule.order(items)
    if config.getoption("--share"):
        database = config.getoption("--database")
        left_out = [item for item in items if not databases.has_a_part_in(item, database)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if databases.has_a_part_in(item, database)]


def pytest_collection_finish() -> None:
    """Let the garbage collector pass by what is loaded now, which stays to the end: a sixth of a usual test's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """SQLite takes the migrated file that lies there; its folder goes at the end. PostgreSQL copies for itself."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> TextIO:
    """The session's turn to make a database."""
    return migrated.take()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_modify_db_settings: TextIO, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Migrate once in a session.

    At the end, the sessions of threads that outlive the tests are ended: they would keep PostgreSQL from dropping the
    database.
    """
    with django_db_blocker.unblock():
        migrated.keep(django_db_modify_db_settings)
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        connection.close()


@pytest.fixture(scope="session")
def stack(django_db_setup: None) -> Iterator[Stack]:
    """The whole program with short deadlines, shared by all end-to-end tests; `running_stack` starts others."""
    with running_stack() as running:
        yield running
