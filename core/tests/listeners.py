"""Real servers on loopback for calls to strangers' addresses, and a resolver that answers as a test wants."""

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core import outward

OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
Reply = Callable[[socket.socket], None]


@dataclass
class Listener:
    """The calls that a server has seen."""

    port: int
    heads: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # by SNI
    left: threading.Event = field(default_factory=threading.Event)  # the client has closed a connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/x"


def say(text: bytes) -> Reply:
    return lambda connection: connection.sendall(text)


def drip(text: bytes, listener_left: threading.Event, *, pause_s: float = 0.05) -> Reply:
    """Send byte by byte."""

    def reply(connection: socket.socket) -> None:
        for number in range(len(text)):
            connection.sendall(text[number : number + 1])
            if listener_left.wait(pause_s):
                return

    return reply


def flood(connection: socket.socket) -> None:
    """Send a body without end, until the client leaves."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def silence(connection: socket.socket) -> None:
    """Send nothing, until the client leaves."""
    with contextlib.suppress(OSError):
        connection.recv(1)


@contextlib.contextmanager
def listening(reply: Reply | None = None, *, certificate: Path | None = None) -> Iterator[Listener]:
    """A server that answers each connection with `reply`, or with 201, until the end."""
    server = socket.create_server(("127.0.0.1", 0))
    listener = Listener(server.getsockname()[1])
    context = _context(listener, certificate) if certificate else None
    thread = threading.Thread(target=_serve, args=(server, listener, reply or say(OK), context), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def _context(listener: Listener, certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: listener.names.append(name)
    return context


def _serve(server: socket.socket, listener: Listener, reply: Reply, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(listener.left.set)
            stack.enter_context(connection)
            if context is not None:
                connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
            listener.heads.append(_head(connection))
            reply(connection)


def _head(connection: socket.socket) -> bytes:
    """The request, with the body of five bytes that the tests send."""
    head = b""
    while not (b"\r\n\r\nhello" in head or head.startswith((b"CONNECT ", b"GET "))) and (
        part := connection.recv(65536)
    ):
        head += part
    return head


def certificate_for(name: str, folder: Path) -> Path:
    """A file with a key and a self-signed certificate for a name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


class Resolver:
    """Answers for names: each time with the next of its answers, and with the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self._real = socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:
        with contextlib.suppress(socket.gaierror):
            return self._real(host, port, *args, **options | {"flags": socket.AI_NUMERICHOST})
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(_family(one), socket.SOCK_STREAM, 6, "", (one, port)) for one in found]


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> Resolver:
    resolver = Resolver(*answers)
    monkeypatch.setattr("socket.getaddrinfo", resolver)
    return resolver


def post(url: str, **options: Any) -> outward.Answer:
    return outward.post(url, body=b"hello", headers={"TTL": "1"}, **options)
