"""Answers of strangers: without detours, in a bounded time and of a bounded size."""

import threading
from typing import Any

import pytest

from core import outward
from core.tests.listeners import OK, drip, flood, listening, post, resolving, say, silence


@pytest.fixture(autouse=True)
def inside(settings: Any) -> None:
    """Loopback may be called."""
    settings.OUTWARD_PRIVATE = ["127.0.0.1"]


# ---------------------------------------------------------------- detours


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed(status: int) -> None:
    with listening() as elsewhere:
        location = f"Location: {elsewhere.url}\r\nContent-Length: 0"
        with listening(say(f"HTTP/1.1 {status} Go\r\n{location}\r\n\r\n".encode())) as server:
            assert post(server.url).status_code == status
    assert elsewhere.heads == []


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as proxy, listening() as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(server.url).status_code == 201
    assert proxy.heads == []


def test_a_configured_proxy_is_used_and_resolves_the_name(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(say(b"HTTP/1.1 403 No\r\n\r\n")) as proxy:
        settings.OUTWARD_PROXY = f"http://127.0.0.1:{proxy.port}"
        resolver = resolving(monkeypatch, ["8.8.8.8"])
        with pytest.raises(outward.Unreachable):
            post("https://hooks.example/x")
    assert proxy.heads[0].startswith(b"CONNECT hooks.example:443 ")
    assert resolver.asked == []


# ---------------------------------------------------------------- time and size


@pytest.mark.parametrize("text", [OK * 10, b"HTTP/1.1 100 Continue\r\n\r\n" * 20])
def test_an_answer_that_comes_byte_by_byte_ends_in_time(text: bytes) -> None:
    left = threading.Event()
    with listening(drip(text, left)) as server:
        with pytest.raises(outward.Unreachable):
            post(server.url, total_s=0.4)
        left.set()


def test_a_body_that_comes_byte_by_byte_is_cut_in_time() -> None:
    left = threading.Event()
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n"

    def reply(connection: Any) -> None:
        connection.sendall(head)
        drip(b"x" * 1000, left)(connection)

    with listening(reply) as server:
        answer = post(server.url, total_s=0.4)
        left.set()
    assert answer.status_code == 201
    assert 0 < len(answer.body) < 1000


def test_a_host_that_says_nothing_ends_in_time() -> None:
    with listening(silence) as server, pytest.raises(outward.Unreachable):
        post(server.url, total_s=0.2)


def test_a_resolver_that_says_nothing_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer.wait(20) and [])
    with pytest.raises(outward.Unreachable, match="TimeoutError"):
        post("https://hooks.example/", total_s=0.1)
    answer.set()


def test_a_body_without_end_is_cut() -> None:
    with listening(flood) as server:
        answer = post(server.url)
        assert server.left.wait(10)
    assert (answer.status_code, len(answer.body)) == (200, outward.ANSWER_MAX_BYTES)


def test_headers_without_end_are_refused() -> None:
    with (
        listening(say(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000)) as server,
        pytest.raises(outward.Unreachable),
    ):
        post(server.url)


def test_a_packed_body_stays_packed() -> None:
    """A small body can unpack to gigabytes."""
    packed = b"\x1f\x8b" + b"\0" * 30
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with listening(say(head + packed)) as server:
        assert post(server.url).body == packed
    assert b"Accept-Encoding: identity" in server.heads[0]


@pytest.mark.parametrize("text", [b"", b"\r\n\r\n", b"no\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer(text: bytes) -> None:
    with listening(say(text)) as server, pytest.raises(outward.Unreachable):
        post(server.url)
