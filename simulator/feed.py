"""One account's socket, as a phone keeps it: it reconnects, resumes after the last event and acknowledges events."""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from core.come_again import asked_wait_s
from simulator.accounts import Account, Refused
from simulator.figures import Numbering
from simulator.habits import backoff_s

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 30.0  # a server that has just started receives many connections
CLOSE_TIMEOUT_S = 0.3  # a bot must end quickly
RETRY_BASE_S, RETRY_MAX_S = 0.25, 10.0
NOT_AUTHENTICATED, WRONG_ROLE, REPLACED, POLICY_VIOLATION = 4401, 4403, 4409, 1008
# A client that is closed twice in a row with one of these codes waits before it reconnects.
UNWELCOME, REST_S = (WRONG_ROLE, REPLACED, POLICY_VIOLATION), 60.0
ROLL_CALL_TRIES = 3
UNAUTHENTICATED = 401

Frame = dict[str, Any]


def digest(frame: Frame) -> str:
    """A short hash of an event; equal for events with equal content."""
    return hashlib.sha256(json.dumps(frame, sort_keys=True).encode()).hexdigest()[:16]


class Feed:
    """The events of one account. `on_frame` receives each event once and in order, and every other frame."""

    def __init__(
        self,
        account: Account,
        path: str,
        *,
        on_frame: Callable[[Frame], None],
        errors: Counter[str],
        rng: Random,
        device: str = "bot",
    ) -> None:
        self.account, self.path, self.device = account, path, device
        self.on_frame, self.errors, self.rng = on_frame, errors, rng
        self.numbering = Numbering()
        self.since: int | None = None  # the number at the first hello; every later event must arrive
        self.epoch = ""  # of the newest event
        self.restarts = 0  # how often the numbers have started over, after a failover that lost events
        self.state_at = 0  # at the last restart, the present state stood in for the events up to this number
        self.upto: int | None = None  # the number of the newest event in the server's log at the end
        self.heard: dict[int, str] = {}  # the digest of each event received, by number
        self.heard_at: dict[int, float] = {}  # when it was received and acknowledged, in seconds since the epoch
        self.retry_max_s = RETRY_MAX_S
        self.connected = asyncio.Event()
        self.reconnections = 0
        self._took = asyncio.Event()  # set with every frame
        self._socket: ClientConnection | None = None

    # ------------------------------------------------------------ the connection

    async def run(self) -> None:
        """Stay connected until cancelled. Raises `Refused` if the account can't sign in."""
        failures, unwelcome = 0, False
        while True:
            token = await self.account.token()
            code, reason, welcome = await self._one_connection(token)
            if (asked_s := asked_wait_s(reason, self.rng)) is not None:
                await asyncio.sleep(asked_s)
                continue
            failures = 1 if welcome else failures + 1
            again, unwelcome = unwelcome and code in UNWELCOME, code in UNWELCOME
            if code == NOT_AUTHENTICATED:
                await self.account.token(stale=token)
            pause_s = backoff_s(failures, base_s=RETRY_BASE_S, max_s=self.retry_max_s, rng=self.rng)
            await asyncio.sleep(REST_S if again else pause_s)

    async def _one_connection(self, token: str) -> tuple[int | None, str, bool]:
        """Receive frames until the connection ends; returns the close code, its reason and whether a frame arrived."""
        welcome = False
        try:
            async with self._connect(token, after=self.numbering.last) as socket:
                with contextlib.suppress(ConnectionClosed):
                    while True:
                        await self._take(socket, json.loads(await socket.recv()))
                        welcome = True
                code, reason = socket.close_code, socket.close_reason or ""
        except InvalidStatus as error:
            status = error.response.status_code
            self._note(f"refused with {status}")
            return (NOT_AUTHENTICATED if status == UNAUTHENTICATED else None), "", False
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            self._note(type(error).__name__)
            return None, "", False
        finally:
            self._socket = None
            self.connected.clear()
        self.reconnections += 1
        self._note(f"closed with {code}")
        return code, reason, welcome

    def _connect(self, token: str, *, after: int | None = None, device: str | None = None) -> connect:
        server = self.account.api.server.rstrip("/").replace("http", "ws", 1)
        query = f"?device={device or self.device}" + ("" if after is None else f"&after={after}&epoch={self.epoch}")
        return connect(
            f"{server}{self.path}{query}",
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,  # the frames are small; compressing them would only cost the server time
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            proxy=None,
        )

    # ------------------------------------------------------------ frames

    async def _take(self, socket: ClientConnection, frame: Frame) -> None:
        if frame.get("type") == "hello":
            self._socket = socket
            self._begin(frame["seq"], frame.get("epoch", ""), resumed=frame["resumed"])
            self.on_frame(frame)
            self.connected.set()
        elif "seq" in frame:
            if self.numbering.event(frame["seq"]):
                self.epoch = frame.get("epoch", self.epoch)
                self.heard[frame["seq"]] = digest(frame)
                self.on_frame(frame)
            await socket.send(json.dumps({"type": "ack", "seq": frame["seq"]}))
            self.heard_at.setdefault(frame["seq"], time.time())
        else:
            for error in frame.get("errors", ()):
                self._note(f"error frame {error.get('code')}")
            self.on_frame(frame)
        self._took.set()

    def _begin(self, seq: int, epoch: str, *, resumed: bool) -> None:
        """Note where the events of a connection begin."""
        # Until something is written again, the log may end in the epoch of before.
        behind = seq < (self.numbering.last or 0) or epoch != self.epoch
        anew = not resumed and self.since is not None and behind
        self.restarts += anew
        self.numbering.hello(seq, resumed=resumed, anew=anew)
        if self.since is None:
            self.since = seq
        if anew:
            self.state_at = seq
        if not resumed:
            self.epoch = epoch

    async def send(self, frame: Frame) -> bool:
        """Send a frame; returns False if the socket is not connected."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(json.dumps(frame))
        except ConnectionClosed:
            return False
        return True

    async def undelivered(self, *, within_s: float = 0.0) -> int | None:
        """Count the events in the server's log that never arrived here; None if the server can't be asked.

        Waits up to `within_s` for events that are still on their way.
        """
        self.upto = await self._newest()
        if self.upto is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while (self.numbering.last or 0) < self.upto:
                    self._took.clear()
                    await self._took.wait()
        return max(0, self.upto - (self.numbering.last or 0))

    async def _newest(self) -> int | None:
        """The number of the newest event in the server's log, read over a separate socket."""
        for attempt in range(1, ROLL_CALL_TRIES + 1):
            try:
                token = await self.account.token()
                async with (
                    self._connect(token, device=f"{self.device}-roll-call") as socket,
                    asyncio.timeout(OPEN_TIMEOUT_S),
                ):
                    return int(json.loads(await socket.recv())["seq"])
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, Refused) as error:
                self._note(f"roll call: {type(error).__name__}")
                await asyncio.sleep(backoff_s(attempt, base_s=RETRY_BASE_S, max_s=RETRY_MAX_S, rng=self.rng))
        return None

    def _note(self, what: str) -> None:
        self.errors[f"socket {self.path}: {what}"] += 1
