"""The server and HTTP: what reaches the application, and what comes back."""

import http.client
import json
import socket

import pytest

from testbed.processes import wait_until
from tests.run.echo import Echo

pytestmark = pytest.mark.e2e


def test_the_request_arrives_as_it_was_sent(echo: Echo) -> None:
    seen = echo.seen("POST", "/a%20b%2Fc/%C3%A9?x=1&y=%20", b"\x01\x02", **{"X-Custom-Name": "v", "Cookie": "a=1; b=2"})
    assert seen["PATH_INFO"].encode("latin1").decode() == "/a b/c/é"
    assert seen["QUERY_STRING"] == "x=1&y=%20"
    assert seen["HTTP_X_CUSTOM_NAME"] == "v"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"
    assert (seen["length"], seen["sum"], seen["CONTENT_LENGTH"]) == (2, 3, "2")
    assert seen["REMOTE_ADDR"] == "127.0.0.1"


def raw(echo: Echo, head: bytes) -> bytes:
    """The answer to these bytes."""
    with socket.create_connection(("127.0.0.1", echo.port), timeout=15) as connection:
        connection.sendall(head)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\tfolded\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\nConnection: close\r\n\r\n",
    ],
    ids=["no host", "two hosts", "a socket without host", "a folded line", "folded by a tab", "a folded first line"],
)
def test_a_head_that_can_be_read_two_ways_is_refused(echo: Echo, head: bytes) -> None:
    answer = raw(echo, head)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_http_1_0_needs_no_host(echo: Echo) -> None:
    assert b" 200 " in raw(echo, b"GET / HTTP/1.0\r\n\r\n").split(b"\r\n")[0]


def test_an_underscore_is_no_hyphen(echo: Echo) -> None:
    """Both would become one variable; a proxy clears only the one that it knows."""
    seen = echo.seen("GET", "/", X_Forwarded_Proto="https", X_Forwarded_For="6.6.6.6")
    assert not {"HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR"} & set(seen)
    seen = echo.seen("GET", "/", **{"X-Forwarded-Proto": "http", "X_Forwarded_Proto": "https"})
    assert seen["HTTP_X_FORWARDED_PROTO"] == "http"


def test_repeated_headers_are_one_list(echo: Echo) -> None:
    lines = b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 198.51.100.7\r\nCookie: a=1\r\nCookie: b=2\r\n"
    answer = raw(echo, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + lines + b"\r\n")
    seen = json.loads(answer.split(b"\r\n\r\n")[1])
    assert (seen["HTTP_X_FORWARDED_FOR"], seen["HTTP_COOKIE"]) == ("6.6.6.6,198.51.100.7", "a=1; b=2")


def test_a_client_can_not_set_the_script_name(echo: Echo) -> None:
    assert echo.seen("GET", "/", **{"Daphne-Root-Path": "//evil.test"})["SCRIPT_NAME"] == ""


def test_a_chunked_body_is_read_whole(echo: Echo) -> None:
    parts = (bytes([1]) * 10_000 for _ in range(5))
    seen = echo.seen("POST", "/", parts, **{"Transfer-Encoding": "chunked"})
    assert (seen["length"], seen["CONTENT_LENGTH"]) == (50_000, "50000")


def test_a_body_larger_than_anything_needs_is_refused(echo: Echo) -> None:
    status, _, body = echo.ask("POST", "/", b"x" * (1024 * 1024 + 1))
    assert status == 413
    assert json.loads(body)["errors"][0]["attr"] is None


def test_connections_are_kept_and_head_has_no_body(echo: Echo) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=5)
    ports = set()
    for method in ("GET", "HEAD", "POST", "GET"):
        connection.request(method, "/", b"abc" if method == "POST" else None)
        answer = connection.getresponse()
        assert answer.status == 200
        body = answer.read()
        assert bool(body) == (method != "HEAD")
        ports |= {json.loads(body)["REMOTE_PORT"]} if body else set()
    connection.close()
    assert len(ports) == 1


def test_a_stream_arrives_piece_by_piece(echo: Echo) -> None:
    status, headers, body = echo.ask("GET", "/stream?3,0")
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    assert body == b"000000\n000001\n000002\n"


def test_a_failing_application_is_a_500_in_the_usual_shape(echo: Echo) -> None:
    status, headers, body = echo.ask("GET", "/fail")
    assert (status, headers["content-type"]) == (500, "application/json")
    assert json.loads(body)["type"] == "server_error"
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        echo.ask("GET", "/half?1,0")
    assert echo.ask("GET", "/")[0] == 200


def test_clients_who_leave_a_slow_answer_do_not_keep_its_thread(echo: Echo) -> None:
    closed = echo.seen("GET", "/")["closed"]
    for _ in range(2):  # as many as there are threads
        with socket.create_connection(("127.0.0.1", echo.port)) as connection:
            connection.sendall(b"GET /stream?1000,0.1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(100)
    wait_until(lambda: echo.seen("GET", "/")["closed"] == closed + 2, 15, "both threads are free")
