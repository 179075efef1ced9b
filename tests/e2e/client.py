"""A client of the running system, as an app would be one: HTTP and sockets, nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets

PASSWORD = "cheers-demo"
WITHIN_S = 10.0
TIMES_SQUARE = {"lat": 40.7580, "lng": -73.9855}


class Phone:
    """One signed-in account."""

    def __init__(self, url: str, email: str) -> None:
        self.url, self.email = url, email
        self.http = httpx.AsyncClient(base_url=url, timeout=WITHIN_S)
        self.token = ""

    async def __aenter__(self) -> "Phone":
        answer = await self.http.post("/login", json={"email": self.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def post(self, path: str, body: dict[str, Any] | None = None, expect: int = 200, **headers: str) -> Any:
        """POST and check the status; gives the JSON, or None for an empty body."""
        answer = await self.http.post(path, json=body or {}, headers=headers)
        assert answer.status_code == expect, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def get(self, path: str, expect: int = 200) -> Any:
        """GET and check the status; gives the JSON."""
        answer = await self.http.get(path)
        assert answer.status_code == expect, (path, answer.status_code, answer.text)
        return answer.json()

    @asynccontextmanager
    async def socket(self, path: str, query: str = "") -> AsyncIterator["Line"]:
        """Connect to a notification socket and take its hello."""
        address = self.url.replace("http", "ws", 1) + path + query
        headers = {"Authorization": f"Bearer {self.token}"}
        async with websockets.connect(address, additional_headers=headers) as connection:
            line = Line(connection)
            line.hello = await line.receive()
            assert line.hello["type"] == "hello"
            yield line


class Line:
    """An open socket."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.hello: dict[str, Any] = {}
        self.seqs: list[int] = []

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(WITHIN_S):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
        if "seq" in frame and frame["type"] != "hello":
            self.seqs.append(frame["seq"])
        return frame

    async def until(self, type: str, **fields: Any) -> dict[str, Any]:
        """The next frame of a type, whose nested object has these fields."""
        while True:
            frame = await self.receive()
            body = frame.get(type.partition(".")[0], {})
            if frame["type"] == type and all(body.get(k, frame.get(k)) == v for k, v in fields.items()):
                return frame

    async def send(self, **frame: Any) -> None:
        """Send one frame."""
        await self.connection.send(json.dumps(frame))
