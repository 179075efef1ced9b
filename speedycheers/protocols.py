"""daphne's HTTP and socket protocols, with what this program promises about closing, sizes and errors.

Importing daphne's server installs Twisted's asyncio reactor, which must come before any other part of Twisted.
"""

import json
import logging
import time
from typing import Any

import daphne.server  # isort: skip

from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol

logger = logging.getLogger(__name__)

# Close codes (RFC 6455, and 4408 from the contract).
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
HEARTBEAT_LOST = 4408

# More than anything here accepts, and Django has its own lower limits. The rest is thrown away as it
# arrives, where daphne would keep it all in memory.
MAX_BODY_BYTES = 1024 * 1024


class Request(WebRequest):
    """An HTTP request with a bounded body and errors in the API's one shape."""

    _body_bytes = 0

    def handleContentChunk(self, data: bytes) -> None:
        """Keep what fits."""
        self._body_bytes += len(data)
        if self._body_bytes <= MAX_BODY_BYTES:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """The request is complete: answer it."""
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
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel is not None:
            self.channel.forceAbortClient()


class Socket(WebSocketProtocol):
    """A socket that says why it closes."""

    muted: bool = False
    autoPingTimeoutCall: Any = None

    def check_timeouts(self) -> None:
        """Called every 2 s. One ping at a time: a second one would leave the first one's alarm running for ever."""
        if self.autoPingTimeoutCall is not None:
            self.last_ping = time.time()
        super().check_timeouts()

    def onAutoPingTimeout(self) -> None:
        """The peer didn't answer a ping. It may still hear us; the application must not wait to find out."""
        self.autoPingTimeoutCall = None
        if not self.muted and hasattr(self, "application_queue"):
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": HEARTBEAT_LOST})
        self.muted = True
        self.close_with(HEARTBEAT_LOST, "heartbeat lost")

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:
        self._fail_connection(POLICY_VIOLATION, f"a message may have {max_msg_size} bytes at most")

    def serverClose(self, code: int | None = None) -> None:
        """The application closes. autobahn's `sendClose` refuses the codes from 1001 to 2999, 1008 among them."""
        self.close_with(1000 if code is None else code)

    def close_with(self, code: int, reason: str = "") -> None:
        """Send the close frame; the connection is dropped a second later if the peer doesn't answer."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code, reasonUtf8=reason.encode())
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)

    def handle_exception(self, exception: Exception) -> None:
        """The application failed."""
        if hasattr(self, "handshake_deferred"):
            super().handle_exception(exception)
        else:
            self.close_with(INTERNAL_ERROR)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone. A handshake that failed early never had a server."""
        if hasattr(self, "server"):
            super().onClose(wasClean, code, reason)


Server = daphne.server.Server
event_loop = daphne.server.twisted_loop
