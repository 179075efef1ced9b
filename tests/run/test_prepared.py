"""Answers from memory: one crowd does not hold up the others, and nothing personal is kept."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from runner.prepared import KEPT_MAX, Answer, Prepared
from tests.run.test_production_defaults import production

CROWD = 40
LARGE = b"x" * 1000
PUBLIC = [(b"cache-control", b"public, max-age=300"), (b"vary", b"Accept")]


class Application:
    """An application with one large answer, which counts how often it is asked."""

    def __init__(self, headers: list[tuple[bytes, bytes]] = PUBLIC, status: int = 200) -> None:
        self.headers, self.status, self.calls = headers, status, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": LARGE})


def prepared(application: Application) -> Prepared:
    return Prepared(
        application,
        always={b"/healthz": lambda secure: Answer(200, [], b"ok")},
        kept=[b"/schema"],
        is_secure=lambda scope: False,
    )


async def ask(server: Prepared, path: bytes, *headers: tuple[bytes, bytes], query: bytes = b"") -> tuple[int, bytes]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"method": "GET", "raw_path": path, "query_string": query, "headers": headers}
    await server(scope, None, send)
    return messages[0]["status"], messages[1]["body"]


async def test_a_small_answer_comes_between_those_of_a_crowd() -> None:
    server = prepared(Application())
    await ask(server, b"/schema")
    answered: list[bytes] = []

    async def one(path: bytes) -> None:
        assert (await ask(server, path))[0] == 200
        answered.append(path)

    await asyncio.gather(*(one(path) for path in [b"/schema"] * CROWD + [b"/healthz"]))
    assert answered.index(b"/healthz") < CROWD // 10
    assert len(answered) == CROWD + 1


async def test_it_is_asked_for_once() -> None:
    application = Application()
    server = prepared(application)
    for _ in range(3):
        assert await ask(server, b"/schema") == (200, LARGE)
    assert application.calls == 1


@pytest.mark.parametrize("name", [b"authorization", b"cookie", b"range", b"if-match"])
async def test_a_call_that_is_not_like_others_is_the_applications(name: bytes) -> None:
    application = Application()
    server = prepared(application)
    for _ in range(2):
        await ask(server, b"/schema", (name, b"x"))
    assert (application.calls, server.kept) == (2, {})


@pytest.mark.parametrize(
    "application",
    [
        Application([]),
        Application([(b"cache-control", b"private")]),
        Application([*PUBLIC, (b"set-cookie", b"a=b")]),
        Application([(b"cache-control", b"public"), (b"vary", b"Origin")]),
        Application(status=404),
    ],
    ids=["unmarked", "private", "sets a cookie", "varies otherwise", "not found"],
)
async def test_what_is_not_for_everybody_is_not_kept(application: Application) -> None:
    server = prepared(application)
    assert await ask(server, b"/schema") == (application.status, LARGE)
    assert server.kept == {}


async def test_a_stranger_does_not_fill_the_memory() -> None:
    server = prepared(Application())
    for number in range(2 * KEPT_MAX):
        await ask(server, b"/schema", query=f"{number}".encode())
    assert len(server.kept) == KEPT_MAX


def test_a_full_collection_of_garbage_passes_over_what_stays(tmp_path: Path) -> None:
    """It stops every thread: with all that is loaded, for more than a tenth of a second."""
    count = "import speedycheers.asgi, gc; print(gc.get_freeze_count(), len(gc.get_objects()))"
    stays, is_looked_at = map(int, production("-c", count, folder=tmp_path).stdout.split())
    assert stays > 50_000 > 10 * is_looked_at
