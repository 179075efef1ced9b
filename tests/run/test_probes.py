"""Probes of the whole program, by each server of production: by address, and while every thread is taken."""

import contextlib
import gzip
import http.client
import json
import select
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from testbed.production import granian, production
from testbed.proxies import SITE
from testbed.stack import Stack

pytestmark = pytest.mark.e2e

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
BY_NAME = {"Host": SITE, **FORWARDED}
THREADS = 8
PATIENT_S = 4  # for a thread that is free to answer a call
MORE_THAN_THREADS = 12
SIGN_UP = json.dumps({"email": "someone@example.test", "password": "seventeen brass trombones"})


@dataclass
class Server:
    """A server of the program, and how to ask it."""

    stack: Stack
    port: int
    links: list[socket.socket] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Make a call by address, unless `Host` is among the headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def send(self, head: str, body: str = "") -> socket.socket:
        """Send a request and leave its answer unread."""
        link = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.links.append(link)
        headers = "".join(f"{name}: {value}\r\n" for name, value in BY_NAME.items())
        size = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        link.sendall(f"{head} HTTP/1.1\r\n{headers}{size}\r\n{body}".encode())
        return link


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    # Nothing but the database holds a sign-up up.
    patient = {"DATABASE_LOCK_WAIT_S": "60", "PASSWORD_HASHES_AT_ONCE": "16", "PASSWORD_HASH_WAIT_S": "60"}
    with production(**patient, THROTTLE_SIGNUP="100000/min") as running:
        yield running


@pytest.fixture(scope="module", params=["our own server", "granian"])
def server(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Server]:
    if request.param == "granian":
        with granian(stack) as port:
            yield Server(stack, port)
    else:
        yield Server(stack, stack.port)


@pytest.fixture
def no_thread_is_free(server: Server) -> Iterator[socket.socket]:
    """Every thread waits for the database, which the test has locked. Yields a call that waits for a thread."""
    database = sqlite3.connect(server.stack.data / "speedycheers.sqlite3", isolation_level=None)
    with contextlib.closing(database):
        database.execute("BEGIN IMMEDIATE")
        for _ in range(MORE_THAN_THREADS):
            server.send("POST /signup", SIGN_UP)
        yield waiting_call(server)
        database.execute("ROLLBACK")
    for link in server.links:
        assert link.recv(12).startswith(b"HTTP/1.1 ")
        link.close()
    server.links.clear()


def waiting_call(server: Server) -> socket.socket:
    """A call that waits for a thread, because every sign-up has reached one. A free thread would answer it in time."""
    for _ in range(50):
        link = server.send("GET /robots.txt")
        if not is_answered(link, within_s=PATIENT_S):
            return link
    raise AssertionError("some thread is free")


def lasting(headers: dict[str, str]) -> dict[str, str]:
    """The headers without those that belong to one call."""
    return {name: value for name, value in headers.items() if name not in ("date", "x-request-id")}


def is_answered(link: socket.socket, within_s: float = 0) -> bool:
    return bool(select.select([link], [], [], within_s)[0])


def test_healthz_is_answered_while_every_thread_is_taken(server: Server, no_thread_is_free: socket.socket) -> None:
    for _ in range(50):
        assert server.ask("/healthz")[0] == 200
    assert not is_answered(no_thread_is_free)


def test_the_schema_is_answered_while_every_thread_is_taken(server: Server, request: pytest.FixtureRequest) -> None:
    made = server.ask("/schema", **BY_NAME)
    waiting = request.getfixturevalue("no_thread_is_free")
    for _ in range(10):
        status, headers, body = server.ask("/schema", **BY_NAME)
        assert (status, headers["etag"], body) == (200, made[1]["etag"], made[2])
        assert server.ask("/schema", **BY_NAME, **{"If-None-Match": headers["etag"]})[0] == 304
    assert not is_answered(waiting)


def test_probes_are_answered_by_address(server: Server) -> None:
    assert server.ask("/cheerRequest", **FORWARDED)[0] == 400  # as ALLOWED_HOSTS demands of everything else
    for path in ("/healthz", "/readyz", "/metrics"):
        for host in ("10.1.2.3", f"127.0.0.1:{server.port}", "[::1]:8000", "probe"):
            assert server.ask(path, Host=host)[0] == 200, (path, host)
    assert server.ask("/readyz", Host="10.1.2.3", **FORWARDED)[2] == b'{"status": "ok", "failing": []}'


def test_by_address_too_metrics_are_for_monitors(server: Server) -> None:
    status, _, body = server.ask("/metrics", Host="10.1.2.3", **FORWARDED)
    assert (status, json.loads(body)["errors"][0]["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("path", ["/healthz", "/schema"])
def test_head_has_the_headers_of_get_and_no_body(server: Server, path: str) -> None:
    for _ in range(2):  # by the application, and from memory
        status, headers, body = server.ask(path, **BY_NAME)
        told = server.ask(path, "HEAD", **BY_NAME)
        assert (status, told[0], told[2]) == (200, 200, b"")
        assert int(headers["content-length"]) == len(body) > 0
        assert lasting(told[1]) == lasting(headers)


def test_an_answer_from_memory_has_the_headers_of_every_answer(server: Server) -> None:
    """An unknown option makes Django answer, since the loop has no answer to it."""
    _, prepared, body = server.ask("/healthz", **BY_NAME)
    _, by_django, same_body = server.ask("/healthz?thread", **BY_NAME)
    assert lasting(prepared) == lasting(by_django)
    assert ("x-request-id" in prepared, "x-request-id" in by_django) == (False, True)
    assert body == same_body == b'{"status": "ok"}'
    assert prepared["cache-control"] == "no-store"
    assert prepared["strict-transport-security"] == "max-age=31536000"
    for name in ("content-security-policy", "permissions-policy", "x-content-type-options", "referrer-policy"):
        assert prepared[name]
    assert prepared["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in server.ask("/healthz")[1]  # a promise that counts over TLS only


def test_the_schema_is_kept_for_equal_calls_only(server: Server) -> None:
    plain = server.ask("/schema", **BY_NAME)
    for _ in range(2):
        packed = server.ask("/schema", **BY_NAME, **{"Accept-Encoding": "gzip, br"})
        assert packed[1]["content-encoding"] == "gzip"
        assert gzip.decompress(packed[2]) == plain[2]
        assert len(packed[2]) * 5 < len(plain[2])
        assert packed[1]["etag"] != plain[1]["etag"]
        german = server.ask("/schema", **BY_NAME, **{"Accept-Language": "de"})
        assert german[2] != plain[2]
        assert german[1]["content-language"] == "de"
        assert server.ask("/schema?lang=de", **BY_NAME)[2] == german[2]
        assert json.loads(server.ask("/schema?format=json", **BY_NAME)[2])["info"]["title"] == "SpeedyCheers"
        assert server.ask("/schema", **{"Host": "10.1.2.3", **FORWARDED})[0] == 400
        assert server.ask("/schema", Host=SITE)[0] == 301  # without TLS
        assert "strict-transport-security" in server.ask("/schema", **BY_NAME)[1]


@pytest.mark.parametrize("tags", ["*", '"another", {}', "W/{}"])
def test_a_client_that_has_the_schema_is_told_so(server: Server, tags: str) -> None:
    etag = server.ask("/schema", **BY_NAME)[1]["etag"]
    for _ in range(2):
        status, headers, body = server.ask("/schema", **BY_NAME, **{"If-None-Match": tags.format(etag)})
        assert (status, body, headers["etag"]) == (304, b"", etag)
        assert headers["cache-control"] == "public, max-age=300"
        assert "content-type" not in headers
    assert server.ask("/schema", **BY_NAME, **{"If-None-Match": '"another"'})[0] == 200


def test_no_probe_leaves_a_trace_of_an_error(server: Server) -> None:
    server.ask("/healthz", Host="10.1.2.3")
    server.ask("/readyz", Host="10.1.2.3")
    assert "DisallowedHost: Invalid HTTP_HOST header: '10.1.2.3'. You may need" not in server.stack.logs()
