"""Client certificates instead of passwords, as docs/production.md has it: for Valkey and for PostgreSQL.

The servers of the packages are built without TLS, so a door of OpenSSL stands before each, which lets in only clients
with a certificate of the test's own authority.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.utils import timezone

from core import valkey
from testbed.environment import make_folder
from testbed.postgres import Postgres
from tests.test_tls import CLIENTS, run

SSL_REQUEST = bytes.fromhex("0000000804d2162f")  # how a client of PostgreSQL asks for TLS
DATABASE = """
import json
import django
django.setup()
from django.db import connection
try:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        print(json.dumps({"user": cursor.fetchone()[0]}))
except Exception as error:
    print(json.dumps({"error": type(error).__name__}))
"""


@dataclass
class Authority:
    """Issues certificates, each as one file with its key."""

    folder: Path

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {self.folder.name}")])
        self.folder.mkdir()
        self.file = self._write("ca", self._signed(self.name, self.key, authority=True), self.key)

    def issue(self, name: str) -> Path:
        """A certificate for a server of this name, or for a client that goes by it."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._write(name, self._signed(subject, key, authority=False, host=name), key)

    def _signed(self, subject: x509.Name, key: Any, *, authority: bool, host: str = "") -> x509.Certificate:
        now = timezone.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate, key: Any) -> Path:
        file = self.folder / f"{name}.pem"
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + plain)
        file.chmod(0o600)  # libpq reads no key that others can read
        return file


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "theirs")


@contextmanager
def door(
    authority: Authority, inside: Path, *, greet: Callable[[socket.socket], None] = lambda _: None
) -> Iterator[int]:
    """A port that lets clients with a certificate of the authority through to a unix socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost"))
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    server = socket.create_server(("127.0.0.1", 0))

    def pump(source: Any, sink: Any) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve(plain: socket.socket) -> None:
        behind = socket.socket(socket.AF_UNIX)
        with suppress(OSError), behind, plain:
            greet(plain)
            with context.wrap_socket(plain, server_side=True) as outside:
                behind.connect(str(inside))
                back = threading.Thread(target=pump, args=(behind, outside), daemon=True)
                back.start()
                pump(outside, behind)
                back.join(5)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


# ---------------------------------------------------------------- Valkey


def valkey_address(port: int, authority: Authority, client: Path | None) -> str:
    """REDIS_URL as the documentation has it: no password, a certificate."""
    shown = f"&ssl_certfile={client}&ssl_keyfile={client}" if client else ""
    verified = f"ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs={authority.file}"
    return f"rediss://localhost:{port}/0?{verified}{shown}"


def test_every_client_of_valkey_shows_its_certificate(authority: Authority) -> None:
    with door(authority, settings.VALKEY_SOCKET) as port:
        said = run(CLIENTS, REDIS_URL=valkey_address(port, authority, authority.issue("cheers")))
    assert said == dict.fromkeys(("commands", "cache", "hub", "layer", "broker"), True)
    assert valkey.client().ping()


@pytest.mark.parametrize("has_one", [False, True], ids=["none", "of another authority"])
def test_without_a_certificate_valkey_is_not_reached(authority: Authority, stranger: Authority, has_one: bool) -> None:
    client = stranger.issue("cheers") if has_one else None
    with door(authority, settings.VALKEY_SOCKET) as port:
        assert True not in run(CLIENTS, REDIS_URL=valkey_address(port, authority, client)).values()


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    running = Postgres(make_folder() / "pg")
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE cheers LOGIN")
    yield running
    running.stop()


def greet_as_postgres(plain: socket.socket) -> None:
    assert plain.recv(len(SSL_REQUEST), socket.MSG_WAITALL) == SSL_REQUEST
    plain.sendall(b"S")


def database_address(port: int, authority: Authority, client: Path | None) -> str:
    """DATABASE_URL as the documentation has it."""
    shown = f"&sslcert={client}&sslkey={client}" if client else "&sslcert=/none&sslkey=/none"
    return f"postgres://cheers@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={authority.file}{shown}"


def test_the_database_is_shown_a_certificate(server: Postgres, authority: Authority) -> None:
    with door(authority, server.folder / ".s.PGSQL.5432", greet=greet_as_postgres) as port:
        said = run(DATABASE, DATABASE_URL=database_address(port, authority, authority.issue("cheers")))
    assert said == {"user": "cheers"}


@pytest.mark.parametrize("has_one", [False, True], ids=["none", "of another authority"])
def test_without_a_certificate_the_database_is_not_reached(
    server: Postgres, authority: Authority, stranger: Authority, has_one: bool
) -> None:
    client = stranger.issue("cheers") if has_one else None
    with door(authority, server.folder / ".s.PGSQL.5432", greet=greet_as_postgres) as port:
        assert "error" in run(DATABASE, DATABASE_URL=database_address(port, authority, client))


def test_the_database_of_another_authority_is_not_believed(
    server: Postgres, authority: Authority, stranger: Authority
) -> None:
    with door(stranger, server.folder / ".s.PGSQL.5432", greet=greet_as_postgres) as port:
        said = run(DATABASE, DATABASE_URL=database_address(port, authority, stranger.issue("cheers")))
    assert "error" in said
