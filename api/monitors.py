"""Programs that watch the system: what tells of its inside is for them only."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from rest_framework.throttling import BaseThrottle


def is_monitor(request: HttpRequest) -> bool:
    """Return whether the caller sends MONITOR_TOKEN, or calls from one of MONITOR_NETWORKS."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.MONITOR_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.MONITOR_TOKEN)
    return _is_near(request)


def _is_near(request: HttpRequest) -> bool:
    if not settings.REST_FRAMEWORK["NUM_PROXIES"] and "HTTP_X_FORWARDED_FOR" in request.META:
        return False  # a proxy that we don't know of: the address is its own, not the caller's
    try:
        # The throttle reads nothing of a request but its headers.
        address = ipaddress.ip_address(BaseThrottle().get_ident(request) or "")  # type: ignore[arg-type]
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network) for network in settings.MONITOR_NETWORKS)
