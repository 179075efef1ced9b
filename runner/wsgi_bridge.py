"""An ASGI application around a WSGI one. No thread waits for a body: it is read before, within a time and a size.

a2wsgi is not used: under daphne its threads wait for ever once a client has left a slow response, and eight
such clients stopped the server; it reads chunked bodies as empty; and it crosses between thread and loop
five times a request, this module only twice (docs/architecture.md has the figures).
"""

import asyncio
import io
import json
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

FILE_BLOCK_BYTES = 64 * 1024
SEND_TIMEOUT_S = 30.0


# Above every limit of the application. A server that hands bodies on as they arrive would keep all of it in memory.
MAX_BODY_BYTES = 1024 * 1024


class BodyTooLarge(Exception):
    """A body has more than `MAX_BODY_BYTES`."""


class Closable(Protocol):
    """A WSGI response that must be closed after use."""

    def close(self) -> None: ...


class Bridge:
    """Runs each request in one of `threads` threads, which keep their database connections."""

    def __init__(self, application: WSGIApplication, *, threads: int, arrives_s: float = 15.0) -> None:
        self.application = application
        self.arrives_s = arrives_s
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="http")

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        try:
            async with asyncio.timeout(self.arrives_s):
                body = await read_body(receive)
        except TimeoutError:
            await refuse(send, 408, "The request took too long to arrive.")
            return
        except BodyTooLarge:
            await refuse(send, 413, f"A body may have {MAX_BODY_BYTES} bytes at most.")
            return
        if body is None:
            return
        loop = asyncio.get_running_loop()
        exchange = Exchange(self.application, build_environ(scope, body), loop, send, receive)
        try:
            messages = await loop.run_in_executor(self.pool, exchange.run)
        except asyncio.CancelledError:
            exchange.abandoned.set()
            raise
        finally:
            exchange.stop_watching()
        for message in messages:
            await send(message)


async def read_body(receive: ASGIReceiveCallable) -> bytes | None:
    """Return the whole body of a request, or None if the client has left. Raises `BodyTooLarge`."""
    parts = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def refuse(send: ASGISendCallable, status: int, detail: str) -> None:
    """Answer without the application, and end the connection, on which the rest of a body may still arrive."""
    body = {"type": "client_error", "errors": [{"code": "invalid", "detail": detail, "attr": None}]}
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": json.dumps(body).encode(), "more_body": False})


class Exchange:
    """One request and its answer, in a thread of the pool."""

    def __init__(
        self,
        application: WSGIApplication,
        environ: WSGIEnvironment,
        loop: asyncio.AbstractEventLoop,
        send: ASGISendCallable,
        receive: ASGIReceiveCallable,
    ) -> None:
        self.application = application
        self.environ = environ
        self.loop = loop
        self.send = send
        self.receive = receive
        self.watcher: asyncio.Task[None] | None = None
        self.head: Any = None
        self.abandoned = threading.Event()

    def run(self) -> list[Any]:
        """Call the application. Returns the messages still to be sent: all of them, or the last of a stream."""
        result = self.application(self.environ, self.start_response)
        try:
            # Django marks streaming responses; all others are sent in one piece.
            if getattr(result, "streaming", True):
                return self.stream(result)
            return [self.head, {"type": "http.response.body", "body": b"".join(result), "more_body": False}]
        finally:
            if hasattr(result, "close"):
                result.close()

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
        """Record status and headers (WSGI's callback). The legacy `write` is not offered: Django doesn't use it."""
        if self.head is not None and exc_info is None:
            raise AssertionError("start_response was called twice")
        self.head = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            "headers": [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers],
            "trailers": False,
        }
        return _no_write

    def stream(self, parts: Iterable[bytes]) -> list[Any]:
        """Send each part as it comes, until the end or until the client has left."""
        started = False
        for part in parts:
            if self.abandoned.is_set():
                return []
            if not started:
                self.loop.call_soon_threadsafe(self.watch)
                self.send_and_wait(self.head)
                started = True
            self.send_and_wait({"type": "http.response.body", "body": part, "more_body": True})
        end: list[Any] = [{"type": "http.response.body", "body": b"", "more_body": False}]
        return end if started else [self.head, *end]

    def watch(self) -> None:
        """Notice that the client leaves a stream; not every server cancels the application then."""
        self.watcher = self.loop.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.abandoned.set()

    def stop_watching(self) -> None:
        """End the watch, if there is one."""
        if self.watcher is not None:
            self.watcher.cancel()

    def send_and_wait(self, message: Any) -> None:
        """Send from this thread, and wait until the event loop has sent it."""
        asyncio.run_coroutine_threadsafe(_call(self.send, message), self.loop).result(SEND_TIMEOUT_S)


async def _call(send: ASGISendCallable, message: Any) -> None:
    await send(message)


def _no_write(data: bytes) -> None:
    raise NotImplementedError("Return the body instead of writing it.")


def big_blocks(file: Any, block_size: int = FILE_BLOCK_BYTES) -> FileWrapper:
    """`wsgi.file_wrapper` with larger blocks than Django's 4 KiB, because each block costs a change of threads."""
    return FileWrapper(file, max(block_size, FILE_BLOCK_BYTES))


def build_environ(scope: HTTPScope, body: bytes) -> WSGIEnvironment:
    """The WSGI environment (PEP 3333) of a request. `root_path` is left out: a client's header could set it."""
    server_name, server_port = scope.get("server") or ("localhost", 80)
    remote_address, remote_port = scope.get("client") or ("", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port or 0),
        "REMOTE_ADDR": remote_address,
        "REMOTE_PORT": str(remote_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": big_blocks,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:
            continue  # it would take the place of the header with a hyphen, which proxies set
        key = "HTTP_" + raw_name.decode("latin1").upper().replace("-", "_")
        value = raw_value.decode("latin1")
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    if "HTTP_CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    # Measured, not copied: a chunked body has no such header, and Django would read it as empty.
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
