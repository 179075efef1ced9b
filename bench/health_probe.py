"""Asks `/healthz` again and again, and a bare server beside it, which is the floor. `bench.health` starts both.

python -m bench.health_probe serve PORT
python -m bench.health_probe ask PORT URL [CERTIFICATE]    # until its input ends; prints the seconds as JSON
"""

import asyncio
import http.client
import json
import select
import ssl
import sys
import time
from contextlib import suppress
from urllib.parse import urlsplit

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status": "ok"}'
PAUSE_S = 0.005
SITE = "cheers.example"


async def serve(port: int) -> None:
    """Answer every request as `/healthz` is answered, with asyncio alone."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the client has left
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


def ask(floor_port: int, url: str, certificate: str = "") -> None:
    """Ask both in turn, each on a connection that is kept, until the input ends."""
    parts = urlsplit(url)
    ours: http.client.HTTPConnection
    if certificate:
        trusting = ssl.create_default_context(cafile=certificate)
        ours = http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=60, context=trusting)
    else:
        ours = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    floor = http.client.HTTPConnection("127.0.0.1", floor_port, timeout=60)
    seconds: dict[str, list[float]] = {"ours": [], "floor": []}
    while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        for name, connection in (("ours", ours), ("floor", floor)):
            begun = time.perf_counter()
            connection.request("GET", "/healthz", headers={"Host": SITE})
            answer = connection.getresponse()
            answer.read()
            seconds[name].append(time.perf_counter() - begun)
            if answer.status != 200:
                raise SystemExit(f"/healthz answers {answer.status}.")
    print(json.dumps(seconds))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(int(sys.argv[2])))
    else:
        ask(int(sys.argv[2]), *sys.argv[3:])
