"""Valkey on several servers: Sentinels know which of them is the primary, and name another when it fails.

    sentinel://user:password@host1:26379,host2:26379,host3:26379/NAME/0
    sentinels://…?ssl_ca_certs=/etc/ssl/internal-ca.pem         the same with TLS, to the Sentinels as well

Each new connection asks for the primary. A connection to a server that has become a replica is given up at its first
write, so a client follows without being restarted. The functions here take any `REDIS_URL`.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import redis
import redis.asyncio
import redis.asyncio.retry
import redis.asyncio.sentinel
import redis.sentinel
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

SCHEMES = {"sentinel": "redis", "sentinels": "rediss"}
PORT = 26379
# For each question to a Sentinel, which answers from memory: one that is away must not delay the next.
TIMEOUT_S = 0.5
ACCOUNT = ("username", "password")


@dataclass(frozen=True)
class Address:
    """A parsed address. Its `repr` shows no password."""

    nodes: list[tuple[str, int]]
    name: str  # of the set of servers
    options: dict[str, Any] = field(repr=False)  # of connections to Valkey, as redis-py takes them
    asking: dict[str, Any] = field(repr=False)  # of connections to the Sentinels

    @property
    def ssl(self) -> dict[str, Any]:
        """The options of TLS; empty without TLS."""
        return {name: value for name, value in self.options.items() if name.startswith("ssl_")}


def parse(url: str) -> Address | None:
    """Parse a `REDIS_URL`; returns None if it is not of Sentinels. Raises `ValueError` that says what is missing."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return None
    account, at, hosts = parts.netloc.rpartition("@")
    name, _, db = parts.path.strip("/").partition("/")
    nodes = [(node.hostname, node.port or PORT) for node in (urlsplit(f"//{host}") for host in hosts.split(","))]
    if not name or not all(host for host, _ in nodes):
        raise ValueError("REDIS_URL of Sentinels is sentinel://host1:26379,host2:26379,host3:26379/NAME/0")
    given: dict[str, Any] = parse_url(f"{SCHEMES[parts.scheme]}://{account}{at}valkey/{db or 0}?{parts.query}")
    for found_elsewhere in ("host", "port", "connection_class"):
        given.pop(found_elsewhere, None)
    asking = {key: given.pop(f"sentinel_{key}", None) for key in ACCOUNT}
    if parts.scheme == "sentinels":
        given = {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True} | given
        asking |= {key: value for key, value in given.items() if key.startswith("ssl")}
    asking |= {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    return Address([(str(host), port) for host, port in nodes], name, given, asking)


class Sentinels(redis.sentinel.Sentinel):
    """Asks each Sentinel once. If none knows a primary and one took its whole time, that is a time-out."""

    def __init__(self, address: Address) -> None:
        super().__init__(address.nodes, sentinel_kwargs={**address.asking, "retry": Retry(NoBackoff(), 0)})

    def discover_master(self, service_name: str) -> Any:
        """Return the primary's host and port. Raises `redis.ConnectionError` and `redis.TimeoutError`."""
        begun = time.monotonic()
        try:
            return super().discover_master(service_name)
        except redis.sentinel.MasterNotFoundError as error:
            if time.monotonic() - begun >= TIMEOUT_S:
                raise redis.TimeoutError("The Sentinels do not answer.") from error
            raise


def pool(url: str, **options: Any) -> redis.ConnectionPool:
    """Return a pool of connections to the server, or to the primary, with these options of redis-py."""
    if (address := parse(url)) is None:
        return redis.ConnectionPool.from_url(url, **options)
    return redis.sentinel.SentinelConnectionPool(address.name, Sentinels(address), **address.options, **options)


def _asking_asynchronously(address: Address) -> dict[str, Any]:
    return {**address.asking, "retry": redis.asyncio.retry.Retry(NoBackoff(), 0)}


@asynccontextmanager
async def subscriber(url: str, **options: Any) -> AsyncIterator["redis.asyncio.Redis"]:
    """Open a client for an event loop, and close all that belongs to it at the end."""
    if (address := parse(url)) is None:
        async with redis.asyncio.Redis.from_url(url, **options) as client:
            yield client
        return
    async with (
        redis.asyncio.sentinel.Sentinel(address.nodes, sentinel_kwargs=_asking_asynchronously(address)) as sentinel,
        sentinel.master_for(address.name, **address.options, **options) as client,
    ):
        yield client


def channel_host(url: str) -> str | dict[str, Any]:
    """Return the entry in the hosts of Channels' layers."""
    if (address := parse(url)) is None:
        return url
    asking = _asking_asynchronously(address)
    return {"sentinels": address.nodes, "master_name": address.name, "sentinel_kwargs": asking, **address.options}


def broker(url: str) -> tuple[str, dict[str, Any], dict[str, Any] | bool]:
    """Return Kombu's notation of the address, further transport options, and the options of TLS, or False without."""
    if (address := parse(url)) is None:
        return url.replace("unix://", "redis+socket://", 1), {}, False
    user, password = (quote(str(address.options.get(key) or ""), safe="") for key in ACCOUNT)
    account = f"{user}:{password}@" if password else ""
    db = address.options.get("db", 0)
    hosts = [(f"[{host}]" if ":" in host else host, port) for host, port in address.nodes]
    nodes = ";".join(f"sentinel://{account}{host}:{port}/{db}" for host, port in hosts)
    asking = {**address.asking, "retry": Retry(NoBackoff(), 0)}
    return nodes, {"master_name": address.name, "sentinel_kwargs": asking}, address.ssl or False
