"""daphne's HTTP and socket protocols, with what this program promises about closing, sizes and errors."""

import asyncio
import json
import logging
import time
from typing import Any

from runner import daphne_internals
from runner.daphne_internals import event_loop, write_directly

logger = logging.getLogger(__name__)

# Close codes (RFC 6455, and 4408 from the contract).
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
HEARTBEAT_LOST = 4408

# Whole frames, as the server sends them: final, not masked.
TEXT = 0x81
PING = b"\x89\x00"
EMPTY_PONG, EMPTY_PONG_BYTES = b"\x8a\x80", 6  # and a mask: the answer to our ping, by far the most frequent frame

SLOW_READER_S = 5.0  # with a full buffer; then the socket is closed
UNREAD_MAX = 128  # messages of a client that the application has not taken yet: at most 2 MiB

# More than anything here accepts, and Django has its own lower limits. The rest is thrown away as it
# arrives, where daphne would keep it all in memory.
MAX_BODY_BYTES = 1024 * 1024


class Request(daphne_internals.Request):
    """An HTTP request with a bounded body and errors in the API's one shape."""

    _body_bytes = 0
    _begun_at = 0.0
    _arrived = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun_at = time.monotonic()

    def check_timeouts(self) -> None:
        """Called every second. Whoever sends a request drop by drop is hung up on."""
        if not self._arrived and time.monotonic() - self._begun_at > self.server.request_arrives_s:
            self.abort()
        elif self._arrived:
            super().check_timeouts()

    def handleContentChunk(self, data: bytes) -> None:
        """Keep what fits."""
        self._body_bytes += len(data)
        if self._body_bytes <= MAX_BODY_BYTES:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """The request is complete: answer it."""
        self._arrived = True
        if self._body_bytes <= MAX_BODY_BYTES:
            return super().process()
        self.client_addr = None
        self.request_start = time.time()
        self.basic_error(413, b"Content Too Large", f"A body may have {MAX_BODY_BYTES} bytes at most.")
        return None

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """The answer where the application gives none."""
        kind, code = ("server_error", "error") if status >= 500 else ("client_error", "invalid")
        content = {"type": kind, "errors": [{"code": code, "detail": body, "attr": None}]}
        headers = [(b"content-type", b"application/json")]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": json.dumps(content).encode()})

    def handle_exception(self, exception: Exception) -> None:
        """The application failed. A half-sent answer must look broken, not complete."""
        if self.answer_begun:
            self.abort()
        else:
            super().handle_exception(exception)


class Socket(daphne_internals.Socket):
    """A socket that says why it closes, finds a dead peer by itself and holds little for a slow one."""

    host: str = ""  # the address of the peer
    muted: bool = False
    congested: bool = False  # more is unsent than the transport's buffer is meant to hold
    heard_at: float = 0.0
    pinged_at: float = 0.0
    _drained: "asyncio.Future[None] | None" = None
    _patience: "asyncio.TimerHandle | None" = None

    def connectionLost(self, *reason: Any) -> None:
        """The connection is gone, whether or not the handshake was done."""
        try:
            super().connectionLost(*reason)
        finally:
            self.factory.server_class.left(self.host)

    def onOpen(self) -> None:
        """The handshake is done."""
        super().onOpen()
        # What HTTP needed of this connection is still its producer, and kept in memory by it.
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)
        self.release_handshake()

    # ------------------------------------------------------------ is anybody there

    def dataReceived(self, data: bytes) -> None:
        """Whatever arrives shows that the peer is there."""
        self.heard_at = time.monotonic()
        if len(data) == EMPTY_PONG_BYTES and data[:2] == EMPTY_PONG and self.between_frames():
            return  # it has said all that it had to say
        super().dataReceived(data)

    def check_heartbeat(self, now: float) -> None:
        """Called every second: ping who has been silent, give up who stays so. One ping at a time."""
        silent_s = now - self.heard_at
        if silent_s >= self.server.lost_after_s:
            self.peer_lost()
        elif silent_s >= self.server.ping_interval and self.pinged_at < self.heard_at:
            self.pinged_at = now
            write_directly(self.transport, PING)

    def peer_lost(self) -> None:
        """The peer didn't answer. It may still hear us; the application must not wait to find out."""
        self.tell_disconnected(HEARTBEAT_LOST)
        self.close_with(HEARTBEAT_LOST, "heartbeat lost")

    def tell_disconnected(self, code: int) -> None:
        """The application hears of the end now, and of nothing after it."""
        if not self.muted and self.unread is not None:
            self.unread.put_nowait({"type": "websocket.disconnect", "code": code})
        self.muted = True

    # ------------------------------------------------------------ does it read what we write

    def write_at_once(self, text: str) -> bool:
        """Send a text frame without waiting; False where the peer has to read first, or is gone."""
        if self.congested or self.state != self.STATE_OPEN:
            return False
        payload = text.encode()
        size = len(payload)
        if size < 126:
            data = bytes((TEXT, size)) + payload
        elif size < 65536:
            data = bytes((TEXT, 126, size >> 8, size & 255)) + payload
        else:
            data = bytes((TEXT, 127)) + size.to_bytes(8, "big") + payload
        return write_directly(self.transport, data)

    def pauseProducing(self) -> None:
        """The transport holds as much as it should: the peer reads too slowly. It has `SLOW_READER_S` to catch up."""
        if not self.congested:
            self.congested = True
            self._patience = event_loop.call_later(SLOW_READER_S, self.give_up_slow_reader)

    def resumeProducing(self) -> None:
        """The peer has read."""
        self.congested = False
        self._release()

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._release()

    def _release(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    async def drained(self) -> None:
        """Wait until there is room again, or nobody to write to."""
        if self.congested and self.state == self.STATE_OPEN:
            if self._drained is None:
                self._drained = event_loop.create_future()
            await asyncio.shield(self._drained)

    def give_up_slow_reader(self) -> None:
        """Close a socket whose peer doesn't read, without the farewell that it would not read either.

        Nothing is lost: the log keeps what was not sent, and whoever comes back is given it.
        """
        logger.info("a socket was closed: its peer reads too slowly")
        self.tell_disconnected(POLICY_VIOLATION)
        self.dropConnection(abort=True)

    # ------------------------------------------------------------ what it sends us

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A message. Who sends faster than they are served is closed; nothing here grows without bound."""
        if not self.muted and self.unread is not None and self.unread.qsize() >= UNREAD_MAX:
            self.close_with(POLICY_VIOLATION, "too many messages at once")
            self.tell_disconnected(POLICY_VIOLATION)
            return
        super().onMessage(payload, isBinary)

    # ------------------------------------------------------------ closing

    def message_too_large(self, limit: int) -> None:
        """Close a socket that sends more in one message than is read."""
        self.fail(POLICY_VIOLATION, f"a message may have {limit} bytes at most")

    def serverClose(self, code: int | None = None) -> None:
        """The application closes. autobahn's `sendClose` refuses the codes from 1001 to 2999, 1008 among them."""
        self.close_with(1000 if code is None else code)

    def close_with(self, code: int, reason: str = "") -> None:
        """Send the close frame; the connection is dropped a second later if the peer doesn't answer."""
        if self.state == self.STATE_OPEN:
            self.send_close(code, reason)
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)

    def handle_exception(self, exception: Exception) -> None:
        """The application failed."""
        if self.accepted:
            self.close_with(INTERNAL_ERROR)
        else:
            super().handle_exception(exception)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone. A handshake that failed early never had a server."""
        self._release()
        if hasattr(self, "server"):
            super().onClose(wasClean, code, reason)
