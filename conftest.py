"""Every test's surroundings: see testbed/environment.py for what is started and when."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from testbed import environment
from testbed.stack import Stack, running_stack

pytest_plugins = ["tests.fixtures", "tests.online"]
# What tests import from here asserts as they do: a failure shows both sides.
pytest.register_assert_rewrite(
    "tests.cast", "tests.lives", "tests.fuzz.calls", "tests.fuzz.lines", "tests.run.echo", "notifications.tests.sockets"
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add our options, and start what the settings point at.

    This is the first moment at which the options are known, and the last before other conftests import models.
    """
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite", help="what the tests run on")
    parser.addoption("--database-only", action="store_true", help="leave out the tests that use no database")
    config = pluginmanager.getplugin("pytestconfig")
    assert config is not None
    options = parser.parse_known_args(list(config.invocation_params.args))
    environment.prepare(options.database)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that start the whole program share one xdist worker: side by side they would only slow each other down.

    With `--database-only`, tests that no database has a part in are left out: they ran on the first database.
    """
    for item in items:
        if item.get_closest_marker("e2e") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("whole-program"))
    if config.getoption("--database-only"):
        without = [item for item in items if not uses_database(item)]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if uses_database(item)]


def uses_database(item: pytest.Item) -> bool:
    """Whether a test uses a database: pytest-django's, the whole program's, or one of its own (`own_database`)."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "e2e", "own_database"))
    return marked or not {"db", "transactional_db", "django_db_setup", "stack"}.isdisjoint(
        getattr(item, "fixturenames", ())
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End the sessions of threads that outlive the tests: they would keep PostgreSQL from dropping the database."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole program with short deadlines, shared by all end-to-end tests; `running_stack` starts others."""
    with running_stack() as running:
        yield running
