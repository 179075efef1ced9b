"""HTTP calls to addresses that strangers or settings name: push services, alert notices and geocoders.

Without these rules such an address could make our server call the network behind it. A URL is parsed by the parser that
dials, its host is resolved once, and only public addresses are dialled. Redirects and the environment's proxies are not
followed; the time and the size of an answer are bounded.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from django.conf import settings

from core.lazy import lazy_module
from core.public_addresses import may_be_called
from core.transactions import require_no_transaction

# Loaded by the first call.
urllib3 = lazy_module("urllib3")
outward_connection = lazy_module("core.outward_connection")

URL_MAX_CHARS = 2048
# RFC 3986, without users, IPv6 literals and escapes in the host, and without a fragment, which is never sent.
URL = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?(?:[/?](?:[a-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9a-f]{2})*)?",
    re.ASCII | re.IGNORECASE,
)
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?:{LABEL}\.)+{LABEL}", re.ASCII)
NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)  # how forms of IPv4 end, which resolvers accept
HTTPS_PORT = 443
TOTAL_S = 5.0
ANSWER_MAX_BYTES = 16 * 1024


class BadAddress(ValueError):
    """The URL is not one that may be called."""


class Unreachable(OSError):
    """The host did not answer properly in time, or leads to an address that may not be called."""


@dataclass(frozen=True)
class Target:
    """A checked URL."""

    scheme: str
    host: str
    port: int
    path: str  # with the query


@dataclass(frozen=True)
class Answer:
    """An answer, with at most the first `ANSWER_MAX_BYTES` of its body."""

    status_code: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def check(url: str, *, hosts: Collection[str] | None = None) -> Target:
    """Parse a URL that may be called. Raises `BadAddress`.

    Args:
        url: https, without user and fragment, on port 443. Addresses named in `OUTWARD_PRIVATE` may have any port and
            no TLS.
        hosts: the known hosts, each with all names below it; None allows any.
    """
    if len(url) > URL_MAX_CHARS or not URL.fullmatch(url):
        raise BadAddress("This is not a plain URL.")
    try:
        parsed = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        raise BadAddress("This is not a URL.") from None
    host = parsed.host or ""
    target = Target(parsed.scheme or "", host, parsed.port or HTTPS_PORT, parsed.request_uri)
    if host in settings.OUTWARD_PRIVATE and target.scheme in ("http", "https"):
        return Target(target.scheme, host, parsed.port or (80 if target.scheme == "http" else 443), target.path)
    if target.scheme != "https" or target.port != HTTPS_PORT:
        raise BadAddress("The URL is not https on its usual port.")
    _check_host(host)
    if hosts is not None and not any(host == known or host.endswith(f".{known}") for known in hosts):
        raise BadAddress("The host is not known.")
    return target


def _check_host(host: str) -> None:
    """Raise `BadAddress` unless this is a full name or a public IPv4 address in its usual form."""
    if len(host) > 253 or not NAME.fullmatch(host):
        raise BadAddress("The host is not a name.")
    if NUMBER.fullmatch(host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise BadAddress("The host is not a name.") from None
        if not may_be_called(host):
            raise BadAddress("The host may not be called.")


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    hosts: Collection[str] | None = None,
    total_s: float = TOTAL_S,
) -> Answer:
    """Post once to a stranger's URL and return the answer, whatever its status.

    Args:
        url, hosts: see `check`.
        body: what is sent.
        headers: in addition to `Host` and `Content-Length`.
        total_s: the time for everything, from the resolver to the last byte.

    Raises:
        BadAddress, Unreachable, InsideTransaction.
    """
    return _call("POST", check(url, hosts=hosts), body, headers, total_s)


def get(url: str, *, headers: Mapping[str, str], total_s: float = TOTAL_S) -> Answer:
    """Get a URL once and return the answer, whatever its status; else as `post`."""
    return _call("GET", check(url), None, headers, total_s)


def _call(method: str, target: Target, body: bytes | None, headers: Mapping[str, str], total_s: float) -> Answer:
    require_no_transaction("A stranger's address")
    deadline = outward_connection.Deadline(total_s)
    proxy = urllib3.util.parse_url(settings.OUTWARD_PROXY) if settings.OUTWARD_PROXY else None
    place = (target.scheme, target.host, target.port)
    sent = {"Accept-Encoding": "identity", "Connection": "close", **headers}
    try:
        with outward_connection.connected(*place, deadline=deadline, proxy=proxy) as connection:
            connection.request(method, target.path, body, sent, preload_content=False, decode_content=False)
            return _read(connection.getresponse())
    except (OSError, HTTPException, urllib3.exceptions.HTTPError) as error:
        raise Unreachable(type(error).__name__) from None


def _read(response: Any) -> Answer:
    """Return the answer; a body that is too long, too slow or broken is cut."""
    parts: list[bytes] = []
    size = 0
    try:
        while size < ANSWER_MAX_BYTES and (part := response.read1(ANSWER_MAX_BYTES - size)):
            parts.append(part)
            size += len(part)
    except (OSError, HTTPException, urllib3.exceptions.HTTPError):
        pass  # the status has arrived, and tells what matters
    return Answer(response.status, response.reason or "", dict(response.headers), b"".join(parts))
