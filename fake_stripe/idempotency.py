"""Idempotency keys: a repeated call gets its first answer, and a different call with the same key is rejected."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from fake_stripe.account import Account
from fake_stripe.errors import Refusal, key_in_use

KEY_LIFE_S = 24 * 3600
Answer = tuple[int, dict[str, Any], bool]  # status, body, whether it is a replay


class KeysInUse:
    """The idempotency keys of the calls that are under way."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: set[str] = set()

    @contextmanager
    def using(self, key: str) -> Iterator[None]:
        """Use a key, if any, for the block. Raises `Refusal` if another call is using it."""
        with self._lock:
            if key in self._keys:
                raise key_in_use()
            if key:
                self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def fingerprint(path: str, params: dict[str, Any]) -> str:
    """A hash of path and parameters, which must be the same when a key is used again."""
    return hashlib.sha256(json.dumps([path, params], sort_keys=True).encode()).hexdigest()


def once(account: Account, key: str, call: str, do: Callable[[], dict[str, Any]], *, poisoned: bool = False) -> Answer:
    """Call `do` unless this key has an answer. If `poisoned`, the answer and its replays are a 500 after the effect."""
    kept = account.kept.get(key) if key else None
    if kept is not None and kept["at"] + KEY_LIFE_S <= account.clock():
        kept = None
    if kept is not None:
        if kept["call"] != call:
            refusal = Refusal(400, "idempotency_error", "Keys can only be used with the parameters of their first use.")
            return refusal.status, refusal.body, False
        return kept["status"], json.loads(kept["body"]), True
    keep = True
    try:
        status, body = 200, do()
    except Refusal as refusal:
        status, body, keep = refusal.status, refusal.body, refusal.keep
    if poisoned:
        status, body = 500, {"error": {"type": "api_error", "message": "Something went wrong on Stripe's end."}}
    text = json.dumps(body)
    if key and keep:
        account.kept[key] = {"call": call, "status": status, "body": text, "at": account.clock()}
    return status, json.loads(text), False
