"""Handshakes that no client of ours would make: who is nobody stays outside, and nothing changes."""

import pytest

from notifications.consumers import NOT_AUTHENTICATED, WRONG_ROLE
from tests.fuzz.lines import COMMANDS, WITHIN_S, Lines, everybody
from tests.fuzz.world import rows

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
