"""The bots' accounts and their tokens."""

import asyncio
import json
import stat
from pathlib import Path

import httpx
import pytest

from simulator.accounts import Account, Keyring, Refused, Staff, password_of
from simulator.client import Api
from simulator.running import bot_account
from simulator.tests.fakes import api_of, error, signed_in

SERVER = "http://server.test"


class Accounts:
    """A server that knows accounts, and counts the calls."""

    def __init__(self, **known: str) -> None:
        self.known = dict(known)
        self.tokens: set[str] = set()
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path)
        if request.url.path == "/me":
            signed_in = request.headers["Authorization"].removeprefix("Bearer ") in self.tokens
            return httpx.Response(200, json={}) if signed_in else error(401, "authentication_failed")
        body = json.loads(request.content)
        if request.url.path == "/signup":
            self.known.setdefault(body["email"], body["password"])
            return httpx.Response(201, json={})
        if self.known.get(body["email"]) != body["password"]:
            return error(401, "authentication_failed")
        self.tokens.add(token := f"token-{len(self.tokens)}")
        return httpx.Response(200, json={"token": token})


def account_of(api: Api, keyring: Keyring | None = None) -> Account:
    return bot_account(api, keyring or Keyring(None, SERVER), kind="bot-partner", number=1, secret="s")


async def test_a_new_account_signs_up_then_in() -> None:
    server = Accounts()
    assert (await account_of(api_of(server)).call("GET", "/me")).ok
    assert server.calls == ["/signup", "/login", "/me"]


async def test_an_account_that_is_there_signs_in() -> None:
    server = Accounts(**{"bot-partner-0001@bots.test": password_of("bot-partner-0001@bots.test", "s")})
    assert (await account_of(api_of(server)).call("GET", "/me")).ok


async def test_an_account_made_with_another_secret_is_refused() -> None:
    server = Accounts(**{"bot-partner-0001@bots.test": "another"})
    with pytest.raises(Refused, match="another secret"):
        await account_of(api_of(server)).token()


async def test_a_lapsed_token_is_replaced_once() -> None:
    server = Accounts()
    api = api_of(server)
    account = account_of(api)
    await account.token()
    server.tokens.clear()
    assert (await account.call("GET", "/me")).ok
    assert server.calls == ["/signup", "/login", "/me", "/login", "/me"]


async def test_an_account_is_made_anew_where_the_server_has_lost_it() -> None:
    server = Accounts()
    account = signed_in(api_of(server), token="of a server long gone")
    assert (await account.call("GET", "/me")).ok
    assert server.calls == ["/me", "/login", "/signup", "/login", "/me"]


async def test_two_calls_at_once_sign_in_once() -> None:
    server = Accounts()
    account = account_of(api_of(server))
    await asyncio.gather(account.token(), account.token())
    assert server.calls.count("/login") == 1


async def test_tokens_are_remembered_for_their_server_and_for_nobody_else(tmp_path: Path) -> None:
    server = Accounts()
    await account_of(api_of(server), Keyring(tmp_path / "new", SERVER)).token()
    again = account_of(api_of(server), Keyring(tmp_path / "new", SERVER))
    await again.token()
    assert server.calls == ["/signup", "/login"]
    (path,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring(tmp_path / "new", "http://other.test").tokens == {}


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_broken_file_of_tokens_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    keyring = Keyring(tmp_path, SERVER)
    assert keyring.path is not None
    keyring.path.write_text(content)
    assert Keyring(tmp_path, SERVER).tokens == {}


def test_passwords_follow_from_the_secret_alone() -> None:
    assert password_of("a@bots.test", "s") == password_of("a@bots.test", "s")
    assert len({password_of("a@bots.test", "s"), password_of("b@bots.test", "s"), password_of("a@bots.test", "t")}) == 3


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (httpx.Response(200, json={}), False),
        (error(409, "wrong_state"), False),
        (error(403, "permission_denied"), True),
    ],
)
async def test_staff_approve_once_signed_in(answer: httpx.Response, refused: bool) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"token": "t"}) if request.url.path == "/login" else answer

    staff = Staff(api_of(handle), email="staff@demo.test", password="p")
    if refused:
        with pytest.raises(Refused, match="permission_denied"):
            await staff.approve("1")
    else:
        await staff.approve("1")


async def test_staff_sign_in_again_where_their_token_has_lapsed() -> None:
    tokens = ["new", "old"]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/login":
            return httpx.Response(200, json={"token": tokens.pop()})
        return httpx.Response(200, json={}) if "new" in request.headers["Authorization"] else error(401, "x")

    await Staff(api_of(handle), email="staff@demo.test", password="p").approve("1")


async def test_without_staff_nobody_is_approved() -> None:
    staff = Staff(api_of(lambda request: error(401, "authentication_failed")), email="x", password="y")
    with pytest.raises(Refused, match="staff"):
        await staff.approve("1")
