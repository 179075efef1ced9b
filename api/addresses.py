"""Network addresses of clients."""

from ipaddress import IPv6Address, ip_address, ip_network

from core.callers import address_of

__all__ = ["address_of", "network_of"]

IPV6_NETWORK_BITS = 64  # what one customer of a provider has at the least


def network_of(address: str) -> str:
    """Return what to count a client's attempts for: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), IPV6_NETWORK_BITS), strict=False))
