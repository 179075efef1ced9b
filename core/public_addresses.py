"""Which network addresses a stranger's URL may lead to: public unicast ones, and those that the settings name."""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from django.conf import settings

LOOKUPS_AT_ONCE = 8  # getaddrinfo can't be interrupted; a hanging name server holds at most this many threads

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Everything public that IPv6 has; translations of IPv4 (mapped, NAT64) and all local ranges lie outside of it.
PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
NEVER: Sequence[Network] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "100.64.0.0/10",  # carriers' NAT
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a public number, but the platform service inside of Azure
        "2001::/23",  # Teredo, ORCHID and other special uses
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)


def is_public(address: Address) -> bool:
    """Return whether an address is public unicast: not private, local, shared, multicast, or IPv4 inside IPv6."""
    if address.version == 6 and address not in PUBLIC_IPV6:
        return False
    listed = any(address.version == network.version and address in network for network in NEVER)
    return address.is_global and not (address.is_multicast or address.is_reserved or listed)


def may_be_called(address: str) -> bool:
    """Return whether an address, as the resolver writes it, is public or named in `OUTWARD_PRIVATE`."""
    if address in settings.OUTWARD_PRIVATE:
        return True
    try:
        return is_public(ipaddress.ip_address(address))
    except ValueError:  # a scope, or no address
        return False


@cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="resolve")


def resolve(host: str, port: int, timeout_s: float) -> list[str]:
    """Return the addresses of a host, each once, in the resolver's order.

    Raises `OSError` if the host is unknown, and `TimeoutError` if the answer takes too long.
    """
    asked: Future[Iterable[tuple[object, ...]]] = _lookups().submit(
        lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    try:
        found = asked.result(timeout_s)
    finally:
        asked.cancel()
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))  # type: ignore[index]
