"""Connections for `core.outward`: they dial checked addresses only, and end at a deadline, whatever the peer does.

A module of its own, because it loads urllib3, which few processes need.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection

from core.public_addresses import may_be_called, resolve


class PrivateAddress(OSError):
    """The host leads to an address that may not be called."""


class Deadline:
    """The moment at which a call ends. The connection is then shut down, also in the middle of a read or write."""

    def __init__(self, total_s: float) -> None:
        self.ends_at = time.monotonic() + total_s
        self._handle: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def left_s(self) -> float:
        """Return the seconds left. Raises `TimeoutError` after the deadline."""
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("The call took too long.")
        return left_s

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the deadline. A time-out of its own would begin anew with each byte."""
        self._handle = connection.dup()  # the original is handed over to TLS
        self._timer = threading.Timer(self.left_s(), self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        handle = self._handle
        if handle is not None:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._handle is not None:
            self._handle.close()


class _Guarded(HTTPConnection):
    """Dials an address of its host that has been checked; the host is resolved once."""

    deadline: Deadline
    trusted = False  # a configured proxy, which may have any address

    def _new_conn(self) -> socket.socket:
        port = int(self.port or 0)
        addresses = resolve(self.host, port, self.deadline.left_s())
        if not self.trusted and not all(map(may_be_called, addresses)):
            raise PrivateAddress("The host leads to an address that may not be called.")
        connection = dial(addresses, port, self.deadline)
        self.deadline.watch(connection)
        return connection


class PlainConnection(_Guarded):
    """HTTP without TLS, for addresses of this machine that the settings name."""


class SafeConnection(_Guarded, HTTPSConnection):
    """HTTP over TLS; certificate and SNI carry the name, not the dialled address."""


def dial(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first of these addresses that answers. Raises `OSError`."""
    failure: OSError = OSError("The host has no address.")
    for number, address in enumerate(addresses):
        try:
            # A silent address leaves time for the next one.
            return socket.create_connection((address, port), deadline.left_s() / (len(addresses) - number))
        except OSError as error:
            failure = error
    raise failure


@cache
def trust() -> ssl.SSLContext:
    """Return the verification of certificates, against the usual authorities."""
    return ssl.create_default_context(cafile=certifi.where())


@contextlib.contextmanager
def connected(scheme: str, host: str, port: int, *, deadline: Deadline, proxy: Any = None) -> Iterator[HTTPConnection]:
    """Yield a connection to the host, through a proxy (with `host` and `port`) if one is given."""
    first_host, first_port = (proxy.host, proxy.port or 3128) if proxy else (host, port)
    options: dict[str, Any] = {"timeout": deadline.left_s()}
    made: PlainConnection | SafeConnection
    if scheme == "https":
        made = SafeConnection(first_host, first_port, ssl_context=trust(), **options)
    else:
        made = PlainConnection(first_host, first_port, **options)
    if proxy:
        made.trusted = True
        made.set_tunnel(host, port)
    made.deadline = deadline
    try:
        yield made
    finally:
        made.close()
        deadline.release()
