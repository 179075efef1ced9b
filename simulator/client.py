"""The public API over HTTP, as a patient client calls it."""

import asyncio
import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from simulator.habits import backoff_s

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0
CONNECTIONS = 32
RETRY_BASE_S, RETRY_MAX_S = 0.2, 5.0
SERVER_FAULTS_MAX = 4  # answers of 500 in a row to one call
RETRY_AFTER_MAX_S = 300.0
UNAVAILABLE = (502, 503, 504)
HTTP_THROTTLED, HTTP_SERVER_FAULT, HTTP_CLIENT_ERROR = 429, 500, 400
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its JSON, and the code of its first error, or ""."""

    status: int
    body: Any
    code: str = ""

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.status < HTTP_CLIENT_ERROR


def answer_of(response: httpx.Response) -> Answer:
    """Convert a response to an answer; a body that is not JSON becomes None."""
    try:
        body: Any = response.json() if response.content else None
    except ValueError:
        body = None
    code = ""
    if response.status_code >= HTTP_CLIENT_ERROR:
        try:
            code = str(body["errors"][0]["code"])
        except (TypeError, KeyError, IndexError):
            code = "unknown"
    return Answer(response.status_code, body, code)


def retry_after_s(value: str | None) -> float:
    """The seconds of a `Retry-After` header, at most `RETRY_AFTER_MAX_S`; 1 if the header is unusable."""
    try:
        seconds = float(value or "")
    except ValueError:
        return 1.0
    return min(RETRY_AFTER_MAX_S, max(0.0, seconds)) if seconds == seconds else 1.0  # NaN differs from itself


@dataclass
class Api:
    """A client of one server. `errors` counts failed calls by call, status and code."""

    server: str
    rng: Random = field(default_factory=Random)
    errors: Counter[str] = field(default_factory=Counter)
    transport: httpx.AsyncBaseTransport | None = None  # None: the network
    retry_max_s: float = RETRY_MAX_S  # the longest wait between two attempts

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(
            base_url=self.server,
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            headers={"Accept": "application/json; version=1"},
            trust_env=False,
            transport=self.transport,
        )
        # Hashing a password is expensive for the server by design, so few sign-ins run in parallel.
        self.sign_ins = asyncio.Semaphore(2)

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def call(
        self, method: str, path: str, *, token: str = "", body: dict[str, Any] | None = None, key: str = ""
    ) -> Answer:
        """Call, and retry while the server is away or unavailable; if throttled, wait as `Retry-After` says.

        `key` is the `Idempotency-Key`, needed if a repeated call must not act twice.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        failures = 0
        while True:
            try:
                response = await self.http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                failures += 1
                self._note(method, path, type(error).__name__)
                await self._back_off(failures)
                continue
            answer = answer_of(response)
            if not answer.ok:
                self._note(method, path, f"{answer.status} {answer.code}")
            if answer.status == HTTP_THROTTLED:
                await asyncio.sleep(retry_after_s(response.headers.get("Retry-After")) + self.rng.uniform(0, 1))
            elif answer.status in UNAVAILABLE or (
                answer.status >= HTTP_SERVER_FAULT and failures + 1 < SERVER_FAULTS_MAX
            ):
                failures += 1
                await self._back_off(failures)
            else:
                return answer

    def _note(self, method: str, path: str, what: str) -> None:
        self.errors[f"{method} {ID.sub('…', path)}: {what}"] += 1

    async def _back_off(self, failures: int) -> None:
        await asyncio.sleep(backoff_s(failures, base_s=RETRY_BASE_S, max_s=self.retry_max_s, rng=self.rng))
