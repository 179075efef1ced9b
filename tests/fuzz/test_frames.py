"""Frames that no client of ours would send: each gets an error frame, the socket lives on, and nothing changes."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import notifications.consumers
import notifications.hub
from api.parsers import loads
from notifications.consumers import BAD_FRAMES_MAX, FRAMES_MAX, NOT_AUTHENTICATED, POLICY_VIOLATION, WRONG_ROLE
from notifications.hub import Hub
from requests_app.routing import websocket_application
from tests import cast
from tests.fuzz.calls import UNKNOWN_ID
from tests.fuzz.conftest import FUZZ, World, make_world, rows

WITHIN_S = 20.0
THREADS = 4
NEVER = 10**9
COMMANDS = {
    "partner": ("ack", "location", "accept", "decline", "status"),
    "user": ("ack",),
    "staff": ("ack",),
}
KNOWN = {"ping", *COMMANDS["partner"]}
everybody = pytest.mark.parametrize("role", COMMANDS)


class Line:
    """One open socket, driven from outside its loop."""

    def __init__(self, runner: asyncio.Runner, path: str, headers: list[tuple[bytes, bytes]], query: str = "") -> None:
        self.runner = runner
        self.socket = WebsocketCommunicator(websocket_application, path + query, headers=headers)
        self.pings = 0

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    def open(self) -> dict[str, Any]:
        """Connect; gives the first thing that comes."""
        accepted, _ = self.run(self.socket.connect(timeout=WITHIN_S))
        assert accepted
        return self.receive()

    def send(self, frame: str | bytes) -> None:
        key = "text" if isinstance(frame, str) else "bytes"
        self.run(self.socket.send_input({"type": "websocket.receive", key: frame}))

    def receive(self) -> dict[str, Any]:
        """The next frame as JSON, or the message that closes the socket. Unasked-for counts are left out."""
        while True:
            message: dict[str, Any] = self.run(self.socket.receive_output(timeout=WITHIN_S))
            if message["type"] == "websocket.close":
                return message
            frame: dict[str, Any] = json.loads(message["text"])
            if frame["type"] != "counts":
                return frame

    def until_pong(self) -> list[dict[str, Any]]:
        """Every frame before the answer to a ping sent now: those that answer what was sent before it."""
        self.pings += 1
        self.send(json.dumps({"type": "ping", "id": f"ping {self.pings}"}))
        frames = []
        while (frame := self.receive()) != {"type": "pong", "id": f"ping {self.pings}"}:
            assert frame["type"] not in ("websocket.close", "pong"), frame
            frames.append(frame)
        return frames

    def close(self) -> None:
        with suppress(asyncio.CancelledError):
            self.run(self.socket.disconnect(timeout=WITHIN_S))


class Lines:
    """Opens sockets in a city at work."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self.runner, self.world = runner, world
        self.opened: list[Line] = []

    def headers(self, role: str) -> list[tuple[bytes, bytes]]:
        who = {"partner": self.world.offered.user, "user": self.world.user, "staff": self.world.staff}[role]
        return [(b"authorization", f"Bearer {cast.token_of(who)}".encode())]

    def line(self, role: str, headers: list[tuple[bytes, bytes]] | None = None, query: str = "") -> Line:
        line = Line(self.runner, f"/{role}/notification", self.headers(role) if headers is None else headers, query)
        self.opened.append(line)
        return line


@pytest.fixture
def lines(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Sockets with a hub, a loop and threads of their own, gone at the end."""
    threads, hub = ThreadPoolExecutor(THREADS), Hub()
    monkeypatch.setattr(notifications.hub, "THREADS", threads)
    monkeypatch.setattr(notifications.consumers, "hub", hub)
    monkeypatch.setattr(settings, "OFFER_TTL_S", 3600)
    with asyncio.Runner() as runner:
        lines = Lines(runner, make_world())
        yield lines
        for line in lines.opened:
            line.close()
        runner.run(_end(hub))
    _in_each(threads, connections.close_all)
    threads.shutdown()


async def _end(hub: Hub) -> None:
    for task in hub._tasks:
        task.cancel()
    await asyncio.gather(*hub._tasks, return_exceptions=True)


def _in_each(threads: ThreadPoolExecutor, function: Callable[[], None]) -> None:
    """Run this in each thread: the barrier keeps any of them from doing it twice."""
    barrier = threading.Barrier(THREADS)

    def wait_and_run() -> None:
        barrier.wait(WITHIN_S)
        function()

    for done in [threads.submit(wait_and_run) for _ in range(THREADS)]:
        done.result()


# ---------------------------------------------------------------- bad frames

Objects = st.SearchStrategy[dict[str, Any]]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, 10**400, -1, 0])
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["", "\0", "\ud800", "x" * 2000, UNKNOWN_ID, "2026-05-01", "available ", "AVAILABLE"])
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
not_json = st.sampled_from(
    [
        "",
        " ",
        "hello",
        "{",
        "{'type':'ping'}",
        '{"type":"ping"',
        '{"type":"ping",}',
        '{"type":"ping"}{}',
        "\0",
        "\ufeff{}",
        "NaN",
        '"ping"',
        "[]",
        '{"type":"ping","type":"ping"}',
        '{"type":"ping","x":NaN}',
        '{"type":"ping","x":-Infinity}',
        '{"type":"ping","x":1e400}',
        '{"type":"ping","x":%s}' % ("9" * 5000),
        '{"type":"ping","x":"\\ud800"}',
        '{"type":"ping","x":"\\u0000"}',
        '{"type":"ping","\\u0000":1}',
        '{"type":"ping","x":%s}' % ("[" * 500 + "]" * 500),
        "[" * 8_000 + "]" * 8_000,
        "[" * 16_000,
        '{"a":' * 3_000,
    ]
)
not_objects = values.filter(lambda value: not isinstance(value, dict)).map(json.dumps)
binary = st.binary(max_size=200) | st.just(b'{"type":"ping"}')
ids = st.fixed_dictionaries({}, optional={"id": st.text(max_size=64) | st.integers(-(10**63), 10**63) | st.none()})
bad_ids: Objects = st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(KNOWN)),
        "id": st.booleans() | st.floats() | st.lists(st.none()) | st.just({}) | st.just("x" * 65) | st.just(10**64),
    }
)
bad_types: Objects = st.builds(
    lambda rest, type, id: {**rest, **type, **id},
    st.dictionaries(st.text(max_size=8).filter(lambda name: name != "id"), values, max_size=4),
    st.fixed_dictionaries({"type": values.filter(lambda value: not isinstance(value, str) or value not in KNOWN)}),
    ids,
)


def bad_command(kind: str) -> Objects:
    """A command whose input is wrong, or that is about somebody else's things."""
    junk = values.filter(lambda value: value not in ("available", "offline"))
    coordinate: st.SearchStrategy[Any] = junk.filter(
        lambda value: not (type(value) in (int, float) and -180 <= value <= 180)
    )
    place = junk | st.fixed_dictionaries({"lat": coordinate, "lng": values}) | st.fixed_dictionaries({"lat": values})
    wrong: dict[str, Objects] = {
        "ack": st.fixed_dictionaries(
            {}, optional={"seq": junk.filter(lambda v: type(v) is not int or v < 0 or v > 99)}
        ),
        "location": st.fixed_dictionaries({"location": place}, optional={"recordedAt": values, "heading": values}),
        "accept": st.fixed_dictionaries({}, optional={"offerId": junk, "requestId": junk}),
        "decline": st.fixed_dictionaries({}, optional={"offerId": junk, "reason": values}),
        "status": st.fixed_dictionaries({}, optional={"status": junk}),
    }
    return st.builds(lambda body, id: {"type": kind, **body, **id}, wrong[kind], ids)


def bad_frames(role: str) -> st.SearchStrategy[str | bytes]:
    commands = st.one_of([bad_command(kind) for kind in COMMANDS[role]])
    objects = bad_types | bad_ids | commands | commands
    return not_json | not_objects | binary | objects.map(json.dumps) | objects.map(_with_raw_text)


def _with_raw_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@everybody
def test_bad_frames(role: str, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications.consumers, "BAD_FRAMES_MAX", NEVER)
    monkeypatch.setattr(notifications.consumers, "FRAMES_MAX", NEVER)
    line = lines.line(role)
    assert line.open()["type"] == "hello"
    before = rows()

    @given(st.lists(bad_frames(role), min_size=1, max_size=4))
    @hypothesis_settings(FUZZ, max_examples=150)
    def send(frames: list[str | bytes]) -> None:
        for frame in frames:
            line.send(frame)
        answers = line.until_pong()
        assert len(answers) == len(frames), (frames, answers)
        for frame, answer in zip(frames, answers, strict=True):
            assert_error_frame(answer, frame)

    send()
    assert rows() == before


def assert_error_frame(answer: dict[str, Any], frame: str | bytes) -> None:
    """The one shape, with the command's id where it had a usable one."""
    expected = expected_id(frame)
    assert set(answer) == {"type", "errors", *expected}, (frame, answer)
    assert {"id": answer.get("id")} == (expected or {"id": None}), (frame, answer)
    assert answer["type"] in ("validation_error", "client_error"), (frame, answer)
    assert answer["errors"], (frame, answer)
    for error in answer["errors"]:
        assert set(error) == {"code", "detail", "attr"}, (frame, answer)
        assert error["code"], (frame, answer)
        assert error["detail"], (frame, answer)


def expected_id(frame: str | bytes) -> dict[str, Any]:
    """The `id` that the answer has to carry: that of a frame that can be read, if it has one of the right kind."""
    try:
        assert isinstance(frame, str)
        content = loads(frame)
    except (AssertionError, ValueError):
        return {}
    if not isinstance(content, dict) or "id" not in content:
        return {}
    id = content["id"]
    fits = id is None or (isinstance(id, str | int) and not isinstance(id, bool) and len(str(id)) <= 64)
    return {"id": id} if fits else {}


# ---------------------------------------------------------------- too much


@everybody
@pytest.mark.parametrize("frame", ["x", b"x"], ids=["text", "binary"])
def test_oversized_frames_close(role: str, frame: str | bytes, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    before = rows()
    line.send(frame * settings.SOCKET_MAX_FRAME_BYTES)
    assert_error_frame(line.receive(), frame)
    line.send(frame * (settings.SOCKET_MAX_FRAME_BYTES + 1))
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}
    assert rows() == before


@everybody
def test_a_frame_is_measured_in_bytes(role: str, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    line.send("é" * (settings.SOCKET_MAX_FRAME_BYTES // 2 + 1))
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}


@everybody
def test_a_flood_of_bad_frames_closes(role: str, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    before = rows()
    for _ in range(BAD_FRAMES_MAX + 1):
        line.send("nonsense")
    for _ in range(BAD_FRAMES_MAX):
        assert_error_frame(line.receive(), "nonsense")
    assert "errors" in line.receive()
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}
    assert rows() == before


@everybody
def test_a_flood_of_good_frames_closes(role: str, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    for _ in range(FRAMES_MAX + 1):
        line.send('{"type":"ping"}')
    for _ in range(FRAMES_MAX):
        assert line.receive() == {"type": "pong"}
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}


# ---------------------------------------------------------------- bad handshakes

NOBODY: list[list[tuple[bytes, bytes]]] = [
    [],
    [(b"authorization", b"")],
    [(b"authorization", b"Bearer")],
    [(b"authorization", b"Bearer \xff\xfe\x00")],
    [(b"authorization", b"Bearer " + b"x" * 100_000)],
    [(b"authorization", b"Basic \xe9")],
    [(b"cookie", b"sessionid")],
    [(b"cookie", b"=;;;\xff")],
    [(b"cookie", b'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000\\000"')],
    [(b"cookie", b"sessionid=" + b"x" * 10_000)],
    [(b"cookie", b"sessionid=\x00")],
    [(b"cookie", b"sessionid=../../x")],
]
QUERIES = [
    "?after=",
    "?after=x",
    "?after=-1",
    "?after=1.5",
    "?after=" + "9" * 5000,
    "?after=999999999999999",
    "?after=%EF%BC%91",
    "?after=%C2%B2",
    "?after=%00",
    "?device=%00%ff",
    "?device=" + "%F0%9F%92%A5" * 1000,
    "?" + "&" * 5000,
    "?after=x&after=2&=&%",
]


@everybody
@pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=x", "?ticket=%00%ff", "?ticket=" + "x" * 10_000])
def test_nobody(role: str, query: str, lines: Lines) -> None:
    before = rows()
    for headers in NOBODY:
        line = lines.line(role, headers, query)
        assert line.open() == {"type": "websocket.close", "code": NOT_AUTHENTICATED}, headers
        line.send("{}")  # to a closed door
    assert rows() == before


@everybody
def test_wrong_roles(role: str, lines: Lines) -> None:
    for other in COMMANDS:
        opened = lines.line(role, lines.headers(other)).open()
        expected = {"type": "hello"} if other == role else {"type": "websocket.close", "code": WRONG_ROLE}
        assert opened.items() >= expected.items()


@everybody
def test_odd_queries(role: str, lines: Lines) -> None:
    headers = lines.headers(role)
    before = rows()
    for query in QUERIES:
        line = lines.line(role, headers, query)
        hello = line.open()
        assert hello["type"] == "hello", query
        assert hello["resumed"] is False, query
        assert line.until_pong() == []
    assert rows() == before


@pytest.mark.parametrize(
    "origin", [b"null", b"\xff", b"http://[", b"http://localhost:x", b"http://evil.example", b"x" * 5000]
)
def test_odd_origins(origin: bytes, lines: Lines) -> None:
    line = lines.line("user", [*lines.headers("user"), (b"origin", origin), (b"host", b"localhost")])
    accepted, _ = line.run(line.socket.connect(timeout=WITHIN_S))
    assert not accepted
