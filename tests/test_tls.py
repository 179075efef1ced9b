"""TLS to Valkey and to the database, as docs/production.md has it: every client of ours verifies the server."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from core import valkey
from core.tests.listeners import certificate_for

CLIENTS = """
import asyncio, json
import django
django.setup()
from channels.layers import get_channel_layer
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from core import valkey
from speedycheers.celery import app

async def hub():
    async with valkey.subscriber() as client:
        return await client.ping()

async def layer():
    await get_channel_layer().send("specific.x!y", {"type": "hello"})
    return True

def broker():
    with app.connection(connect_timeout=3) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
        return connection.connected

def outcome(use):
    try:
        return use()
    except Exception as error:
        return type(error).__name__

uses = {
    "commands": lambda: valkey.client().ping(),
    # Past the process's own cache, which stands in for a Valkey that does not answer.
    "cache": lambda: RedisCache.set(caches["default"], "tls", 1) or RedisCache.get(caches["default"], "tls") == 1,
    "hub": lambda: asyncio.run(hub()),
    "layer": lambda: asyncio.run(layer()),
    "broker": broker,
}
print(json.dumps({name: outcome(use) for name, use in uses.items()}))
"""
OPTIONS = """
import json
from django.conf import settings
print(json.dumps({k: v for k, v in settings.DATABASES["default"]["OPTIONS"].items() if k.startswith("ssl")}))
"""

SERVERS = """
import json
from django.db import connection
names = ("host", "port", "target_session_attrs", "connect_timeout")
print(json.dumps({name: connection.get_connection_params().get(name) for name in names}))
"""


def run(code: str, **env: str) -> dict[str, Any]:
    """The output of a program with these settings."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "speedycheers.settings", **env}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


@contextmanager
def tls_door(certificate: Path) -> Iterator[int]:
    """Valkey behind TLS. The Valkey of the packages is built without; this end is OpenSSL's all the same."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = socket.create_server(("127.0.0.1", 0))

    def pump(source: Any, sink: Any) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve(plain: socket.socket) -> None:
        inside = socket.socket(socket.AF_UNIX)
        with suppress(OSError), inside, plain, context.wrap_socket(plain, server_side=True) as outside:
            inside.connect(str(settings.VALKEY_SOCKET))
            back = threading.Thread(target=pump, args=(inside, outside), daemon=True)
            back.start()
            pump(outside, inside)
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


def address(password: str, port: int, authority: Path) -> str:
    """REDIS_URL as the documentation has it."""
    verified = f"ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs={authority}"
    return f"rediss://cheers:{password}@localhost:{port}/0?{verified}"


@pytest.fixture
def secret() -> Iterator[str]:
    """The password of the Valkey user `cheers`."""
    valkey.client().execute_command("ACL", "SETUSER", "cheers", "on", ">of-the-test", "~*", "&*", "+@all")
    yield "of-the-test"
    valkey.client().execute_command("ACL", "DELUSER", "cheers")


def test_every_client_of_valkey_speaks_tls_with_user_and_password(tmp_path: Path, secret: str) -> None:
    certificate = certificate_for("localhost", tmp_path)
    with tls_door(certificate) as port:
        said = run(CLIENTS, REDIS_URL=address(secret, port, certificate))
    assert said == dict.fromkeys(("commands", "cache", "hub", "layer", "broker"), True)


@pytest.mark.parametrize(
    ("named", "authority"),
    [("localhost", "elsewhere.example"), ("elsewhere.example", "elsewhere.example")],
    ids=["a certificate of another authority", "a certificate of another name"],
)
def test_no_client_of_valkey_talks_to_a_stranger(tmp_path: Path, secret: str, named: str, authority: str) -> None:
    made = {name: certificate_for(name, tmp_path) for name in {named, authority}}
    with tls_door(made[named]) as port:
        said = run(CLIENTS, REDIS_URL=address(secret, port, made[authority]))
    assert True not in said.values()


def test_a_wrong_password_is_refused(tmp_path: Path, secret: str) -> None:
    certificate = certificate_for("localhost", tmp_path)
    with tls_door(certificate) as port:
        assert True not in run(CLIENTS, REDIS_URL=address("wrong", port, certificate)).values()


def test_several_servers_of_the_database_are_in_its_address() -> None:
    url = "postgres://u:p@db1:5432,db2:5433/cheers?target_session_attrs=read-write&connect_timeout=2"
    said = run(SERVERS, DATABASE_URL=url)
    assert said == {"host": "db1,db2", "port": "5432,5433", "target_session_attrs": "read-write", "connect_timeout": 2}


def test_the_databases_tls_is_in_its_address() -> None:
    url = "postgres://u:p%40ss@db.example/cheers?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem"
    assert run(OPTIONS, DATABASE_URL=url) == {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/db.pem"}
