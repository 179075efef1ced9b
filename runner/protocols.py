"""daphne's socket protocol, with the contract's close codes and limits, and a queue for the handshakes."""

import asyncio
import logging
import time
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from core import come_again
from core.floods import Flood
from runner import daphne_internals
from runner.daphne_internals import event_loop, write_directly

logger = logging.getLogger(__name__)

# Close codes (RFC 6455, and 4408 from the contract).
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
HEARTBEAT_LOST = 4408

# Whole frames, as the server sends them: final, not masked.
TEXT = 0x81
PING = b"\x89\x00"
EMPTY_PONG, EMPTY_PONG_BYTES = b"\x8a\x80", 6  # plus a mask; the answer to a ping, by far the most frequent frame

TURNED_AWAY_S = 5  # for a peer to answer a close frame whose reason it must read
SLOW_READER_S = 5.0  # how long the buffer may stay full before the socket is closed
UNREAD_MAX = 128  # client messages that the application has not received yet: at most 2 MiB

INTAKE_WINDOW_S = 10.0
INTAKE_BYTES_MAX = 1024 * 1024
INTAKE_FRAMES_MAX = 2000  # of messages; the application allows 1000
INTAKE_CONTROL_FRAMES_MAX = 100  # pings and pongs


class Intake:
    """Counts what a peer sends, before any of it is understood. An honest client sends a few hundred bytes a second."""

    __slots__ = ("bytes", "control", "frames")

    def __init__(self) -> None:
        self.bytes = Flood(INTAKE_BYTES_MAX, INTAKE_WINDOW_S)
        self.frames = Flood(INTAKE_FRAMES_MAX, INTAKE_WINDOW_S)
        self.control = Flood(INTAKE_CONTROL_FRAMES_MAX, INTAKE_WINDOW_S)


def frame_of(text: str) -> bytes:
    """Return a text frame as it is sent."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((TEXT, size)) + payload
    if size < 65536:
        return bytes((TEXT, 126, size >> 8, size & 255)) + payload
    return bytes((TEXT, 127)) + size.to_bytes(8, "big") + payload


class Socket(daphne_internals.Socket):
    """A socket that sends a close code, detects a dead peer and buffers little for a slow one."""

    peer_host: str = ""
    host: str = ""  # the address of the client, which a proxy may have told
    handshake: Any = None  # the answer to it, until the socket is open
    asked: Any = None  # the handshake while it waits
    away_s: float | None = None  # the time for which this socket is turned away
    muted: bool = False
    congested: bool = False  # the transport's buffer is full
    heard_at: float = 0.0
    pinged_at: float = 0.0
    deaf: bool = False  # nothing more is read from this peer
    _drained: "asyncio.Future[None] | None" = None
    _patience: "asyncio.TimerHandle | None" = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.intake = Intake()

    def connectionLost(self, *reason: Any) -> None:
        """Report the lost connection to the server, whether or not the handshake was done."""
        try:
            super().connectionLost(*reason)
        finally:
            self.factory.server_class.left(self.peer_host)
            self.factory.server_class.admission.left(self)

    # ------------------------------------------------------------ admission

    def onConnect(self, request: Any) -> Any:
        """Take a place in the queue of handshakes; the application hears of this one when its turn has come."""
        if self.handshake is not None:  # a second one on the same connection
            self.dropConnection(abort=True)
            return self.handshake
        self.asked, self.handshake = request, Deferred()
        self.host = self.factory.server_class.visitor_of(request, self.peer_host)
        self.factory.server_class.admission.arrive(self)
        return self.handshake

    def let_in(self) -> None:
        """Begin with the application."""
        request, self.asked = self.asked, None
        maybeDeferred(super().onConnect, request).chainDeferred(self.handshake)

    def turn_away(self, after_s: float) -> None:
        """Shake hands, because browsers see the code only of an open socket, and close with the time to come again."""
        self.asked, self.away_s = None, after_s
        self.handshake.callback(None)

    def onOpen(self) -> None:
        """Replace HTTP's producer by this socket, and free the memory of the handshake."""
        self.handshake, self.heard_at = None, time.monotonic()  # it may have waited since it was heard
        if self.away_s is not None:
            self.closeHandshakeTimeout = TURNED_AWAY_S
            self.close_with(TRY_AGAIN_LATER, come_again.reason(self.away_s))
            return
        super().onOpen()
        # HTTP's channel is still registered as the producer, which keeps it in memory.
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)
        self.release_handshake()

    # ------------------------------------------------------------ heartbeat

    def dataReceived(self, data: bytes) -> None:
        """Note that the peer is alive, and process the data unless it is an empty pong."""
        self.heard_at = time.monotonic()
        if self.deaf:
            return
        if self.intake.bytes.hit(len(data)):
            self.give_up_flooder()
        elif len(data) == EMPTY_PONG_BYTES and data[:2] == EMPTY_PONG and self.between_frames():
            self.onPong(b"")  # nothing to process
        else:
            super().dataReceived(data)

    def check_heartbeat(self, now: float) -> None:
        """Ping a silent peer once, and give it up if it stays silent. Called every second."""
        silent_s = now - self.heard_at
        if silent_s >= self.server.lost_after_s:
            self.peer_lost()
        elif silent_s >= self.server.ping_interval and self.pinged_at < self.heard_at:
            self.pinged_at = now
            write_directly(self.transport, PING)

    def peer_lost(self) -> None:
        """Give up a peer that didn't answer. It may still be connected, but the application does not wait for it."""
        self.tell_disconnected(HEARTBEAT_LOST)
        self.close_with(HEARTBEAT_LOST, "heartbeat lost")

    def tell_disconnected(self, code: int) -> None:
        """Tell the application of the disconnect now, and of nothing after it."""
        if not self.muted and self.unread is not None:
            self.unread.put_nowait({"type": "websocket.disconnect", "code": code})
        self.muted = True

    # ------------------------------------------------------------ slow readers

    def write_at_once(self, text: str) -> bool:
        """Send a text frame without waiting. Returns False if the peer must read first or is gone."""
        if self.congested or self.state != self.STATE_OPEN:
            return False
        return write_directly(self.transport, frame_of(text))

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Send a frame for daphne. autobahn would hold ours to the limit of what a client may send."""
        if binary or self.state != self.STATE_OPEN:
            super().serverSend(content, binary)
        else:
            write_directly(self.transport, frame_of(content))

    def pauseProducing(self) -> None:
        """Give a slow peer `SLOW_READER_S` to catch up. Called when the transport's buffer is full."""
        if not self.congested:
            self.congested = True
            self._patience = event_loop.call_later(SLOW_READER_S, self.give_up_slow_reader)

    def resumeProducing(self) -> None:
        """Resume writing. Called when the buffer has room again."""
        self.congested = False
        self._release()

    def stopProducing(self) -> None:
        """Release waiting writers. Called when the connection is gone."""
        self._release()

    def _release(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    async def drained(self) -> None:
        """Wait until the buffer has room or the connection is gone."""
        if self.congested and self.state == self.STATE_OPEN:
            if self._drained is None:
                self._drained = event_loop.create_future()
            await asyncio.shield(self._drained)

    def give_up_slow_reader(self) -> None:
        """Drop the connection of a peer that doesn't read; it would not read a close frame either.

        Nothing is lost: unsent events stay in the log, and a client that reconnects receives them.
        """
        logger.info("a socket was closed: its peer reads too slowly")
        self.tell_disconnected(POLICY_VIOLATION)
        self.dropConnection(abort=True)

    # ------------------------------------------------------------ incoming messages

    def onPing(self, payload: bytes) -> None:
        """Answer a ping, unless there are too many."""
        if self.intake.control.hit():
            self.give_up_flooder()
        else:
            super().onPing(payload)

    def onPong(self, payload: bytes) -> None:
        """Count a pong; the server sends a ping every few seconds at most."""
        if self.intake.control.hit():
            self.give_up_flooder()

    def onMessageFrameBegin(self, length: int) -> None:
        """Count a frame, also one of an unfinished message."""
        if self.intake.frames.hit():
            self.give_up_flooder()
        super().onMessageFrameBegin(length)

    def give_up_flooder(self) -> None:
        """Close the socket of a peer that sends far too much, and read nothing more from it."""
        if not self.deaf:
            self.deaf = True
            self.close_with(POLICY_VIOLATION, "too much at once")
            self.tell_disconnected(POLICY_VIOLATION)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Pass a message on. A client that sends faster than it is served is closed, which bounds the queue."""
        if not self.muted and self.unread is not None and self.unread.qsize() >= UNREAD_MAX:
            self.close_with(POLICY_VIOLATION, "too many messages at once")
            self.tell_disconnected(POLICY_VIOLATION)
            return
        super().onMessage(payload, isBinary)

    # ------------------------------------------------------------ closing

    def message_too_large(self, limit: int) -> None:
        """Close a socket whose peer sends a message above `limit` bytes."""
        self.fail(POLICY_VIOLATION, f"a message may have {limit} bytes at most")

    def handle_reply(self, message: Any) -> None:
        """Send a message of the application. daphne would leave out the reason of a close frame."""
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.close_with(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def serverClose(self, code: int | None = None) -> None:
        """Close for daphne. autobahn's `sendClose` refuses the codes from 1001 to 2999, 1008 among them."""
        self.close_with(1000 if code is None else code)

    def close_with(self, code: int, reason: str = "") -> None:
        """Send the close frame; the connection is dropped a second later if the peer doesn't answer."""
        if self.state == self.STATE_OPEN:
            self.send_close(code, reason)
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)

    def handle_exception(self, exception: Exception) -> None:
        """Close an accepted socket, or refuse the handshake, after a failure of the application."""
        if self.accepted:
            self.close_with(INTERNAL_ERROR)
        else:
            super().handle_exception(exception)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Release waiting writers and tell daphne. A socket whose handshake failed early has no `server`."""
        self._release()
        if hasattr(self, "server"):
            super().onClose(wasClean, code, reason)
