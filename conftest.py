"""Every test's surroundings: see testbed/environment.py for what is started and when."""

from collections.abc import Iterator

import pytest

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
    config = pluginmanager.getplugin("pytestconfig")
    assert config is not None
    options = parser.parse_known_args(list(config.invocation_params.args))
    environment.prepare(options.database)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start the whole program share one xdist worker: side by side they would only slow each other down."""
    for item in items:
        if item.get_closest_marker("e2e") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("whole-program"))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole program with short deadlines, shared by all end-to-end tests; `running_stack` starts others."""
    with running_stack() as running:
        yield running
