"""The network addresses of callers."""

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


def address_of(request: HttpRequest | Request | None) -> str:
    """Return the client's address, as seen through the number of proxies in `NUM_PROXIES`; "" without a call."""
    return "" if request is None else BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]  # reads META alone
