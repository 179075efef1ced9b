"""Answers from memory, given by the event loop itself: no thread is needed, so a busy process still gives them.

Every answer is one that the application has made, with all of its headers. It is given again to a request that
agrees with the first in everything that the answer may depend on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults

Key = tuple[Any, ...]

KEPT_MAX = 64
KEPT_PER_TURN = 1  # large answers that one turn of the event loop begins to send; what is small comes between
# An answer may vary by these; one that varies by another header is not kept.
VARYING = (b"host", b"accept", b"accept-language", b"accept-encoding")
# A request with one of these is not like others: it is personal, or asks for less than the answer.
SPECIAL = {b"authorization", b"cookie", b"range", b"if-match", b"if-unmodified-since", b"if-modified-since"}
# Headers of an answer that belong to one call, and are not given again.
OF_ONE_CALL = {b"x-request-id"}
# Headers of an answer that a 304 has, too (RFC 9110, section 15.4.5); Content-Length would be that of the body.
NOT_IN_304 = {b"content-length", b"content-type", b"content-encoding", b"content-disposition"}


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return the value of a header, or an empty one."""
        return next((value for known, value in self.headers if known == name), b"")


class Prepared:
    """Gives the answers that are prepared, and has `application` give all others.

    Args:
        application: the ASGI application for HTTP.
        always: a path, and what makes its answer for a connection with TLS and one without. Its answer is the same for
            everybody, and is made here, so that not even the first request waits.
        kept: paths whose public answers are kept from the first request on.
        is_secure: says of a scope whether the client uses TLS.
    """

    def __init__(
        self,
        application: Callable[..., Awaitable[None]],
        *,
        always: dict[bytes, Callable[[bool], Answer]],
        kept: Iterable[bytes],
        is_secure: Callable[[Any], bool],
    ) -> None:
        self.application = application
        self.always = {(path, secure): make(secure) for path, make in always.items() for secure in (False, True)}
        self.kept_paths = frozenset(kept)
        self.kept: dict[Key, Answer] = {}
        self.turns = asyncio.Semaphore(KEPT_PER_TURN)
        self.is_secure = is_secure

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or have the application do it."""
        path = scope["raw_path"]
        if scope["method"] in ("GET", "HEAD"):
            if not scope["query_string"] and (answer := self.always.get((path, self.is_secure(scope)))):
                await give(answer, scope, send)
                return
            if path in self.kept_paths and (key := self.key_of(scope)) is not None:
                await self.give_or_keep(key, scope, receive, send)
                return
        await self.application(scope, receive, send)

    def key_of(self, scope: Any) -> Key | None:
        """Return what the answer may depend on; None for a request that is not like others."""
        values = dict.fromkeys(VARYING, b"")
        for name, value in scope["headers"]:
            if name in SPECIAL:
                return None
            if name in values:
                values[name] += b"," + value
        return scope["raw_path"], scope["query_string"], self.is_secure(scope), *values.values()

    async def give_or_keep(self, key: Key, scope: Any, receive: Any, send: Any) -> None:
        """Give the answer that is kept for this key, or keep the one that the application gives."""
        if (kept := self.kept.get(key)) is not None:
            async with self.turns:
                await asyncio.sleep(0)
            await give(kept, scope, send)
            return
        messages: list[Any] = []

        async def note(message: Any) -> None:
            messages.append(message)
            await send(message)

        await self.application(scope, receive, note)
        answer = whole(messages)
        if scope["method"] == "GET" and answer is not None and is_for_everybody(answer):
            if len(self.kept) >= KEPT_MAX:
                self.kept.pop(next(iter(self.kept)), None)
            self.kept[key] = answer


def answer_of(application: WSGIApplication, path: str, *, secure: bool) -> Answer:
    """Return the WSGI application's answer to a GET without credentials. Raises `RuntimeError` if it is not a 200."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        heads.append((status, headers))

    environ: dict[str, Any] = {"PATH_INFO": path, "wsgi.url_scheme": "https" if secure else "http"}
    setup_testing_defaults(environ)
    result: Any = application(environ, start_response)
    body = b"".join(result)
    result.close()
    [(status, headers)] = heads
    if not status.startswith("200 "):
        raise RuntimeError(f"{path} answers {status}.")
    return kept_answer(200, [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers], body)


def whole(messages: list[Any]) -> Answer | None:
    """Return the answer that these messages are, or None if they are not one in a single piece."""
    if len(messages) != 2 or messages[1].get("more_body"):
        return None
    return kept_answer(messages[0]["status"], messages[0]["headers"], messages[1]["body"])


def kept_answer(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
    """Return an answer without the headers that belong to one call."""
    return Answer(status, [(name, value) for name, value in headers if name not in OF_ONE_CALL], body)


def is_for_everybody(answer: Answer) -> bool:
    """Return whether the answer may be given to another client."""
    varies = {name.strip().lower() for name in answer.header(b"vary").split(b",") if name.strip()}
    return (
        answer.status == 200
        and b"public" in answer.header(b"cache-control")
        and not answer.header(b"set-cookie")
        and varies <= {*VARYING, *SPECIAL}
    )


async def give(answer: Answer, scope: Any, send: Any) -> None:
    """Send the answer, without its body to HEAD, and as 304 to a client that has it."""
    status, headers, body = answer
    etag = answer.header(b"etag")
    asked = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    if etag and any(tag.strip().removeprefix(b"W/") in (etag, b"*") for tag in asked.split(b",")):
        status, body = 304, b""
        headers = [(name, value) for name, value in headers if name not in NOT_IN_304]
    if scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
