"""Network addresses of clients."""

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


def address_of(request: Request) -> str:
    """Return the client's address, as seen through the number of proxies in `NUM_PROXIES`."""
    return BaseThrottle().get_ident(request) or ""
