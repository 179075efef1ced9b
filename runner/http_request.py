"""daphne's HTTP request, with a limit on its size and the contract's error format."""

import json
import time
from typing import Any

from runner import daphne_internals

# Above every limit of the application, Django's included. The rest of a body is dropped as it arrives;
# daphne would keep all of it in memory.
MAX_BODY_BYTES = 1024 * 1024


class Request(daphne_internals.Request):
    """An HTTP request with a bounded body and errors in the API's format."""

    _body_bytes = 0
    _begun_at = 0.0
    _arrived = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun_at = time.monotonic()

    def check_timeouts(self) -> None:
        """Abort a request that arrives too slowly. Called every second."""
        if not self._arrived and time.monotonic() - self._begun_at > self.server.request_arrives_s:
            self.abort()
        elif self._arrived:
            super().check_timeouts()

    def handleContentChunk(self, data: bytes) -> None:
        """Store the body up to `MAX_BODY_BYTES` and drop the rest."""
        self._body_bytes += len(data)
        if self._body_bytes <= MAX_BODY_BYTES:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """Answer the complete request, with an error if its body is too large or it does not name one host."""
        self._arrived = True
        if self._body_bytes > MAX_BODY_BYTES:
            return self._refuse(413, b"Content Too Large", f"A body may have {MAX_BODY_BYTES} bytes at most.")
        # RFC 9112, section 3.2
        hosts = len(self.requestHeaders.getRawHeaders(b"host", []))
        if hosts > 1 or (hosts == 0 and self.clientproto == b"HTTP/1.1"):
            return self._refuse(400, b"Bad Request", "A request names one host.")
        return super().process()

    def _refuse(self, status: int, status_text: bytes, body: str) -> None:
        self.client_addr = None
        self.request_start = time.time()
        self.basic_error(status, status_text, body)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Send an error that the application did not send itself."""
        kind, code = ("server_error", "error") if status >= 500 else ("client_error", "invalid")
        content = {"type": kind, "errors": [{"code": code, "detail": body, "attr": None}]}
        headers = [(b"content-type", b"application/json")]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": json.dumps(content).encode()})

    def handle_exception(self, exception: Exception) -> None:
        """Answer a failure of the application. A half-sent answer is aborted, so that it looks broken, not complete."""
        if self.answer_begun:
            self.abort()
        else:
            super().handle_exception(exception)
