"""The whole program behind the real nginx and HAProxy, with the configurations of `deploy/`.

Both are installed by `.ci/run`, or with `apt-get install nginx haproxy`; without them these tests fail.
"""

import asyncio
import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from testbed.processes import free_port, wait_until
from testbed.production import granian, production
from testbed.proxies import SITE, Proxy, proxy
from testbed.stack import Stack

pytestmark = pytest.mark.e2e

PASSWORD = "seventeen brass trombones"
KINDS = ("nginx", "haproxy")
SLOW_BODIES = 200
NUMBERS = count()


@dataclass
class Site:
    """The program behind a proxy, as a client sees it."""

    proxy: Proxy
    stack: Stack | None = None

    def call(
        self, method: str, path: str, body: Any = None, *, plain: bool = False, host: str = SITE, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Make a call with TLS, or a plain one."""
        connection: http.client.HTTPConnection
        if plain:
            connection = http.client.HTTPConnection("127.0.0.1", self.proxy.plain_port, timeout=30)
        else:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.proxy.port, timeout=30, context=self.proxy.trust()
            )
        with contextlib.closing(connection):
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            kind = {"Content-Type": "application/json"} if data else {}
            connection.request(method, path, data, {"Host": host, **kind, **headers})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def token(self) -> str:
        """A new account's token."""
        account = {"email": f"proxied-{next(NUMBERS)}@example.test", "password": PASSWORD}
        status, _, answer = self.call("POST", "/signup", account)
        assert status == 201, answer
        status, _, answer = self.call("POST", "/login", account)
        assert status == 200, answer
        return str(json.loads(answer)["token"])

    def first_frame(self, path: str) -> Any:
        """Open a socket, and return the first frame that it sends. Raises `InvalidStatus` for one that is refused.

        From one thread: before Python 3.13, two in one TLS connection lose a request that is written while a session
        ticket is read.
        """

        async def receive() -> Any:
            link = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=15)
            link.setblocking(False)
            trust = self.proxy.trust()
            async with asyncio.timeout(30), connect(f"wss://{SITE}{path}", sock=link, ssl=trust) as client:
                return json.loads(await client.recv())

        return asyncio.run(receive())

    def half_sent(self, size: bytes = b"Content-Length: 1000", part: bytes = b"{") -> socket.socket:
        """Send a part of a body on a connection of its own."""
        link = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=30)
        wrapped = self.proxy.trust().wrap_socket(link, server_hostname=SITE)
        wrapped.sendall(b"POST /login HTTP/1.1\r\nHost: cheers.example\r\n" + size + b"\r\n\r\n" + part)
        return wrapped


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with production(THROTTLE_SIGNUP="100000/min") as running:
        yield running


@pytest.fixture(scope="module")
def http_port(stack: Stack) -> Iterator[int]:
    with granian(stack) as port:
        yield port


@pytest.fixture(scope="module", params=KINDS)
def site(
    request: pytest.FixtureRequest, stack: Stack, http_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(request.param) / "proxy"
    with proxy(request.param, folder, http=[http_port], sockets=[stack.port]) as running:
        yield Site(running, stack)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_page_and_its_files_arrive(site: Site) -> None:
    status, headers, page = site.call("GET", "/account/login/", Accept="text/html")
    assert status == 200
    assert headers["strict-transport-security"] == "max-age=31536000"
    sheet = re.search(r'href="(/static/[^"]+\.css)"', page.decode())
    assert sheet, page
    assert site.call("GET", sheet[1])[1]["content-type"].startswith("text/css")


def test_a_call_is_answered_and_its_address_is_the_proxys_word(site: Site) -> None:
    token = site.token()
    status, headers, answer = site.call("GET", "/me", **bearer(token))
    assert (status, json.loads(answer)["role"]) == (200, "user")
    assert len(headers["x-request-id"]) >= 32
    # Who calls from here is a monitor, and who only says so is not.
    assert site.call("GET", "/metrics")[0] == 200
    assert site.call("GET", "/metrics", **{"X-Forwarded-For": "203.0.113.7"})[0] == 200


def test_a_socket_opens_by_a_ticket_that_no_log_has(site: Site) -> None:
    status, _, answer = site.call("POST", "/socketTicket", **bearer(site.token()))
    assert status == 201
    ticket = json.loads(answer)["ticket"]
    assert site.first_frame(f"/user/notification?ticket={ticket}")["type"] == "hello"
    wait_until(lambda: "/user/notification" in site.proxy.logged(), 10, "the socket is logged")
    assert ticket not in site.proxy.logged()


def test_keys_in_paths_are_not_logged(site: Site) -> None:
    keys = {
        "/shared/": "shared-key",
        "/sharedCheer/": "api-key",
        "/account/confirm-email/": "confirm-key",
        "/account/password/reset/key/": "reset-key",
        "/account/address/undo/": "undo-key",
    }
    for path, key in keys.items():
        site.call("GET", path + key, Accept="text/html")
    site.call("GET", "/robots.txt")
    wait_until(lambda: "/robots.txt" in site.proxy.logged(), 10, "the last call is logged")
    assert [key for key in keys.values() if key in site.proxy.logged()] == []


def test_probes_are_answered_by_address_and_nothing_else_is(site: Site) -> None:
    for plain in (False, True):
        for path in ("/healthz", "/readyz"):
            assert site.call("GET", path, plain=plain, host="10.1.2.3")[0] == 200
    assert site.call("GET", "/", host="10.1.2.3")[0] == 421
    status, headers, _ = site.call("GET", "/history?page=2", plain=True, host="evil.example")
    assert (status, headers["location"]) == (301, f"https://{SITE}/history?page=2")


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    with contextlib.closing(site.half_sent(b"Content-Length: 600000", b"x" * 20_000)) as link:
        assert link.recv(12) == b"HTTP/1.1 413"


def test_the_program_answers_while_half_sent_bodies_are_held(site: Site) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(SLOW_BODIES):
            held.enter_context(contextlib.closing(site.half_sent()))
        for path in ("/healthz", "/account/login/"):
            for _ in range(5):
                assert site.call("GET", path)[0] == 200


@dataclass
class Upstream:
    """A server that notes what reaches it and answers 200."""

    seen: list[tuple[str, bytes]] = field(default_factory=list)

    @contextlib.contextmanager
    def serving(self) -> Iterator[int]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                upstream.seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.do_GET()

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.mark.parametrize("kind", KINDS)
def test_half_sent_bodies_never_reach_us(kind: str, tmp_path: Path) -> None:
    upstream = Upstream()
    with upstream.serving() as port, proxy(kind, tmp_path / "proxy", http=[port], sockets=[port]) as running:
        site = Site(running)
        with contextlib.ExitStack() as held:
            links = [held.enter_context(contextlib.closing(site.half_sent())) for _ in range(SLOW_BODIES)]
            assert site.call("POST", "/whole", {"a": "b"})[0] == 200
            assert upstream.seen == [("/whole", b'{"a": "b"}')]
            links[0].sendall(b" " * 999)
            assert links[0].recv(12) == b"HTTP/1.1 200"
            assert [path for path, _ in upstream.seen] == ["/whole", "/login"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_ticket_is_not_logged_where_no_process_answers(kind: str, tmp_path: Path) -> None:
    away = free_port()
    with proxy(kind, tmp_path / "proxy", http=[away], sockets=[away]) as running:
        with pytest.raises(InvalidStatus) as refused:
            Site(running).first_frame("/user/notification?ticket=a-ticket-of-somebody")
        assert refused.value.response.status_code in (502, 503)
        wait_until(lambda: "/user/notification" in running.logged(), 10, "the refusal is logged")
        assert "a-ticket-of-somebody" not in running.logged()


@pytest.mark.parametrize("kind", KINDS)
def test_one_process_restarts_and_nobody_notices(kind: str, stack: Stack, tmp_path: Path) -> None:
    port = free_port()
    statuses: list[int] = []
    over = threading.Event()

    def keep_calling(site: Site, token: str) -> None:
        while not over.wait(0.02):
            statuses.append(site.call("GET", "/me", **bearer(token))[0])
            statuses.append(site.call("POST", "/socketTicket", **bearer(token))[0])

    with contextlib.ExitStack() as running:
        first = running.enter_context(contextlib.ExitStack())
        first.enter_context(granian(stack, port=port))
        both = running.enter_context(proxy(kind, tmp_path / "proxy", http=[port, stack.port], sockets=[stack.port]))
        site = Site(both)
        calling = threading.Thread(target=keep_calling, args=(site, site.token()))
        calling.start()
        try:
            wait_until(lambda: len(statuses) > 20, 30, "calls before")
            first.close()
            ended = len(statuses)
            wait_until(lambda: len(statuses) > ended + 20, 30, "calls while it is away")
            running.enter_context(granian(stack, port=port))
            again = len(statuses)
            wait_until(lambda: len(statuses) > again + 20, 30, "calls after")
        finally:
            over.set()
            calling.join(30)
    assert set(statuses) == {200, 201}
