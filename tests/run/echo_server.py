"""A server around a small application that shows what reached it. Started by the fixtures `echo` and `own_echo`."""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings

from runner import protocols
from runner import server as server_module
from runner.server import Server
from runner.wsgi_bridge import Bridge

WAIT_S = 0.25  # so that few sockets make a crowd
STREAMS_CLOSED: list[str] = []


class Stream:
    """A slow answer without a length, which notes that it was closed."""

    streaming = True

    def __init__(self, count: int, pause_s: float, *, fails: bool) -> None:
        self.count, self.pause_s, self.fails = count, pause_s, fails

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.count):
            time.sleep(self.pause_s)
            yield b"%06d\n" % number
        if self.fails:
            raise RuntimeError("meant to fail")

    def close(self) -> None:
        STREAMS_CLOSED.append("closed")


class Whole(list[bytes]):
    """An answer that is all there, as Django marks it."""

    streaming = False


def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Echo the request; other paths do as they say."""
    path = environ["PATH_INFO"]
    if path in ("/stream", "/half"):
        count, pause_s = environ["QUERY_STRING"].split(",")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Stream(int(count), float(pause_s), fails=path == "/half")
    if path == "/fail":
        raise RuntimeError("meant to fail")
    if path == "/slow":
        time.sleep(1)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    seen: dict[str, Any] = {key: value for key, value in environ.items() if isinstance(value, str)}
    seen |= {"length": len(body), "sum": sum(body), "closed": len(STREAMS_CLOSED)}
    answer = json.dumps(seen).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return Whole([answer])


async def say(scope: Any, send: Any, kib: int) -> None:
    """Send so much, half of it without waiting, and print when all of it was taken, or refused."""
    write, refused = scope["extensions"]["speedycheers.write"], 0
    for number in range(kib):
        if number % 2:
            await send({"type": "websocket.send", "text": "x" * 1024})
        else:
            refused += not write("x" * 1024)
    print("said", kib, "refused", refused, flush=True)  # noqa: T201 - the test reads it


def keep_the_loop_busy() -> None:
    """Have a thread wake the loop far more often than its wake-up pipe has room for, and then block the loop."""
    loop, done = asyncio.get_running_loop(), threading.Event()

    def wake() -> None:
        for _ in range(5000):
            loop.call_soon_threadsafe(done.is_set)
        print("the pipe is full", flush=True)  # noqa: T201 - the test reads it

    threading.Thread(target=wake).start()
    time.sleep(2)


http = Bridge(wsgi, threads=2, arrives_s=float(os.environ.get("ECHO_ARRIVES_S", "15")))


async def application(scope: Any, receive: Any, send: Any) -> None:
    """HTTP to the bridge; sockets echo text, and `close 1008` closes with that code."""
    if scope["type"] == "http":
        await http(scope, receive, send)
        return
    await receive()
    print("connect", scope["path"], flush=True)  # noqa: T201 - the test reads it
    if scope["path"] == "/never":
        await asyncio.sleep(3600)
    if scope["path"] == "/late":
        await asyncio.sleep(6)  # longer than daphne waits by default
    await send({"type": "websocket.accept"})
    if scope["path"] == "/write":
        length = int((await receive())["text"])
        scope["extensions"]["speedycheers.write"]("é" * (length // 2) + "x" * (length % 2))
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text") or ""
        if text.startswith("close "):
            await send({"type": "websocket.close", "code": int(text.split()[1])})
        elif text.startswith("say "):
            await say(scope, send, int(text.split()[1]))
        elif text == "sleep":
            await asyncio.sleep(3600)
        elif text.startswith("linger "):
            task: Any = asyncio.current_task()
            task.set_name(text)
            await asyncio.sleep(3600)
        elif text == "busy":
            keep_the_loop_busy()
        elif text.startswith("long "):
            await send({"type": "websocket.send", "text": "x" * int(text.partition(" ")[2])})
        elif text == "fail":
            raise RuntimeError("meant to fail")
        else:
            await send({"type": "websocket.send", "text": text})
    print("disconnect", message["code"], flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    settings.SOCKET_PING_AFTER_S, settings.SOCKET_LOST_AFTER_S = 1, 4
    settings.REQUEST_ARRIVES_S, settings.CONNECTIONS_PER_ADDRESS = 4, 200
    protocols.SLOW_READER_S, server_module.CLOSE_S = 2.0, 1.0
    server = Server(application, host="127.0.0.1", port=int(sys.argv[1]))
    server.admission.wait_s = WAIT_S
    server.run()
    raise SystemExit(1 if server.failed else 0)
