"""The security log: what happens to accounts and rights, as JSON lines of the logger `security`.

A line has no name, e-mail address, network address, token, place or other text that a person wrote. Accounts and
network addresses appear as pseudonyms: the same one each time, which nobody can compute without SECRET_KEY.
"""

import logging
import re
from typing import Any

from allauth.core import context
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from core import clock
from core.callers import address_of
from core.log_context import ids

log = logging.getLogger("security")

PSEUDONYM_CHARS = 20
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")  # our own words; a space, an "@" or a "/" makes it somebody else's
WITHHELD = "?"
ENTRIES_MAX = 20  # of a list


def pseudonym(value: object) -> str:
    """Return what stands for an id or a network address in the log."""
    return salted_hmac("core.security_log", str(value), algorithm="sha256").hexdigest()[:PSEUDONYM_CHARS]


def record(
    event: str,
    outcome: str,
    *,
    account: object = None,
    address: str = "",
    request: HttpRequest | None = None,
    after_commit: bool = False,
    **more: object,
) -> None:
    """Write one line.

    Args:
        event: what has happened, as docs/security-log.md lists it.
        outcome: `ok`, `failed` or `refused`.
        account: the account's id; "" if there is no account, None for that of the request.
        address: the network address; that of the request by default.
        request: the call that caused it; the present one by default.
        after_commit: write nothing if the transaction is rolled back.
        more: further fields: codes of ours and numbers, or lists of them; anything else is withheld.
    """
    request = request or context.request
    if account is None:
        account = account_of(request)
    address = address or address_of(request)
    fields: dict[str, Any] = {
        "time": clock.now().isoformat(timespec="milliseconds"),
        "event": event,
        "outcome": outcome,
        "account": pseudonym(account) if account else "",
        "address": pseudonym(address) if address else "",
        **_call(request),
        **{name: _ours(value) for name, value in more.items()},
    }
    if after_commit:
        transaction.on_commit(lambda: _write(fields))
    else:
        _write(fields)


def account_of(request: HttpRequest | None) -> object:
    """Return the id of the account that calls, or ""."""
    user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else ""


def _write(fields: dict[str, Any]) -> None:
    log.info(fields["event"], extra={"fields": fields})


def _call(request: HttpRequest | None) -> dict[str, Any]:
    """Return the fields of a call. The route's pattern stands for the path, which may have ids in it."""
    if request is None:
        return {}
    match = request.resolver_match
    return {
        "request": ids().get("request", ""),
        "route": match.route if match is not None else "",
        "method": _ours(request.method),
    }


def _ours(value: object) -> object:
    if isinstance(value, list):
        return [_ours(entry) for entry in value[:ENTRIES_MAX]]
    if value is None or isinstance(value, int):
        return value
    return value if isinstance(value, str) and (not value or CODE.fullmatch(value)) else WITHHELD
