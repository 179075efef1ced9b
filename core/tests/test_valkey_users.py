"""The users of docs/examples/valkey-users.acl know every command and key that the program's own code uses."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings

from core import valkey

USERS = Path(settings.BASE_DIR) / "docs" / "examples" / "valkey-users.acl"
OURS = (
    "accounts",
    "alerts",
    "api",
    "core",
    "failures",
    "notifications",
    "ops",
    "payments",
    "positions",
    "requests_app",
    "rides",
    "risk",
    "web",
)
CALLS = re.compile(r"redis\.p?call\('([A-Z]+)'|(?:pipe|valkey\.client\(\)|subscription)\.([a-z]+)\(")
SENT_AS = {"delete": "del", "incr": "incrby"}  # by redis-py
NOT_COMMANDS = {"execute", "pipeline", "lock", "close", "listen", "expire", "getmessage", "scan"}


def users_with(password: str) -> str:
    """The file's text with a password."""
    return USERS.read_text().replace("CHANGE-THIS", password)


def used() -> Iterator[str]:
    """Every command that a source of ours names."""
    for package in OURS:
        for source in (Path(settings.BASE_DIR) / package).rglob("*.py"):
            if "tests" not in source.parts:
                for one in filter(None, chain.from_iterable(CALLS.findall(source.read_text()))):
                    yield SENT_AS.get(one, one.lower())


@pytest.fixture
def cheers() -> Iterator[str]:
    """The file's user, in the Valkey of the tests."""
    name, *rules = users_with("of-the-test").splitlines()[1].removeprefix("user ").split()
    valkey.client().execute_command("ACL", "SETUSER", name, *rules)
    yield name
    valkey.client().execute_command("ACL", "DELUSER", name)


def test_each_command_of_ours_is_allowed(cheers: str) -> None:
    commands = set(used()) - NOT_COMMANDS
    assert {"geosearch", "spop", "incrby", "publish", "hmget"} <= commands
    allowed = set(re.findall(r"\+([a-z]+)", USERS.read_text()))
    assert commands - allowed == set()
