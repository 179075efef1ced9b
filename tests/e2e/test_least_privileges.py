"""The whole program with the accounts of docs/examples: few commands of Valkey, and a role that owns no table."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from core.tests.test_valkey_users import USERS, users_with
from runner import embedded_valkey
from testbed.environment import make_folder
from testbed.postgres import Postgres, fresh_database
from testbed.processes import BASE, free_port, listening, wait_until
from testbed.stack import START_S, Stack, environment, running_stack
from tests.e2e import test_cheer
from tests.e2e.client import Phone

pytestmark = pytest.mark.e2e
EXAMPLES = USERS.parent
ADMIN = "user admin on >of-the-test ~* &* +@all"


@dataclass
class Guarded:
    """The program, and what it uses, as seen by others."""

    stack: Stack
    valkey: "redis.Redis"  # with every right
    own_valkey: "redis.Redis"  # with those of the program
    database: str
    owner: str


def as_role(url: str, role: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture(scope="module")
def roles() -> Iterator[tuple[str, str]]:
    """The addresses of a migrated database for its owner and for the processes."""
    server = Postgres(make_folder() / "pg")
    try:
        url = fresh_database(server.url)
        with psycopg.connect(url, autocommit=True) as superuser:
            superuser.execute((EXAMPLES / "database-roles.sql").read_bytes())
        owner, own = as_role(url, "cheers_owner"), as_role(url, "cheers")
        env = environment(make_folder() / "var", free_port(), DATABASE_URL=owner)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=BASE, env=env, check=True)
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute((EXAMPLES / "database-rights.sql").read_bytes())
        yield owner, own
    finally:
        server.stop()


@pytest.fixture(scope="module")
def valkey_port() -> Iterator[int]:
    """A Valkey with the users of the file, and one of the test's."""
    folder = make_folder() / "valkey"
    embedded_valkey.prepare(folder / "s")
    port = free_port()
    (folder / "users.acl").write_text(users_with("of-the-test") + ADMIN + "\n")
    command = [*embedded_valkey.command(folder / "s"), "--aclfile", str(folder / "users.acl"), "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_until(lambda: listening(port), START_S, "Valkey listens")
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def guarded(roles: tuple[str, str], valkey_port: int) -> Iterator[Guarded]:
    owner, own = roles
    address = f"redis://{{}}:of-the-test@127.0.0.1:{valkey_port}/0"
    admin = redis.Redis.from_url(address.format("admin"), retry_on_error=[redis.ConnectionError])
    admin.ping()
    with running_stack(DATABASE_URL=own, REDIS_URL=address.format("cheers")) as stack:
        yield Guarded(stack, admin, redis.Redis.from_url(address.format("cheers")), own, owner)


async def test_cheers_are_served_without_a_refusal(guarded: Guarded) -> None:
    stack = guarded.stack
    await test_cheer.test_a_cheer_from_request_to_receipt(stack)
    await test_cheer.test_a_declined_offer_goes_to_the_next_nearest(stack)
    await test_cheer.test_an_unanswered_offer_expires_and_a_partner_coming_online_is_asked_at_once(stack)
    async with Phone(stack.url, "staff@demo.test") as staff, staff.socket("/staff/notification") as page:
        assert page.hello["type"] == "hello"
    stack.call("POST", "/account/password/reset/", {})
    assert stack.call("GET", "/readyz")[0] == 200
    refused: Any = guarded.valkey.acl_log()
    assert [(entry["object"], entry["reason"]) for entry in refused] == []


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("KEYS", "*"),
        ("ACL", "LIST"),
        ("MONITOR",),
        ("SHUTDOWN",),
        ("REPLICAOF", "NO", "ONE"),
        ("GET", "elsewhere"),
        ("PUBLISH", "elsewhere", "x"),
        ("EVAL", "return redis.call('GET', 'elsewhere')", 0),
    ],
)
def test_the_programs_account_of_valkey_can_do_no_more(guarded: Guarded, command: tuple[Any, ...]) -> None:
    with pytest.raises(redis.ResponseError, match="permission"):
        guarded.own_valkey.execute_command(*command)
    guarded.valkey.execute_command("ACL", "LOG", "RESET")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "DROP TABLE rides_ride",
        "TRUNCATE rides_ride CASCADE",
        "ALTER TABLE payments_entry DISABLE TRIGGER ALL",
        "DELETE FROM payments_entry",
        "UPDATE payments_entry SET amount = 0",
        "DELETE FROM backoffice_staffaction",
        "UPDATE backoffice_staffaction SET subject = ''",
        "DELETE FROM django_migrations",
        "CREATE ROLE mine",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE cheers_owner",
    ],
)
def test_the_processes_role_can_do_no_more(roles: tuple[str, str], statement: str) -> None:
    with (
        psycopg.connect(roles[1], autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)  # type: ignore[arg-type]
