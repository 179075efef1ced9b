"""The objects of an account: creation, lookup, events, and storage across restarts."""

import itertools
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

from fake_stripe.book import Book, Rows
from fake_stripe.errors import invalid, missing

Thing = dict[str, Any]
# Objects by id, card numbers by payment method (never returned), answers by idempotency key, payouts by movement.
TABLES = ["things", "numbers", "kept", "paid_out"]
KINDS = {
    "cus": "customer", "pm": "payment_method", "seti": "setup_intent", "pi": "payment_intent", "ch": "charge",
    "re": "refund", "tr": "transfer", "trr": "transfer_reversal", "acct": "account", "po": "payout",
    "dp": "dispute", "txn": "balance_transaction", "evt": "event",
}  # fmt: skip


def amount_in(params: Thing, name: str = "amount") -> int:
    """A positive number of minor units."""
    text = str(params.get(name, ""))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 100_000_000):
        raise invalid(f"Invalid integer: {text}", param=name, code="parameter_invalid_integer", keep=False)
    return int(text)


class Things:
    """The objects of an account, behind one lock. `Account` documents the parameters."""

    def __init__(
        self,
        announce: Callable[[Thing], None] = lambda event: None,
        *,
        file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = RLock()
        self.announce = announce
        self.clock = clock
        self.book = Book(file, TABLES) if file is not None else None
        rows = [self.book.read(table) if self.book else Rows() for table in TABLES]
        self.things, self.numbers, self.kept, self.paid_out = rows
        self._counter = itertools.count(len(self.things))

    def save(self) -> None:
        """Write the rows that may have changed, if the account has a file. Call it under the lock."""
        if self.book is not None:
            every = zip(TABLES, (self.things, self.numbers, self.kept, self.paid_out), strict=True)
            self.book.write({table: rows.take_changes() for table, rows in every})

    def add(self, prefix: str, **fields: Any) -> Thing:
        """Create an object."""
        id = f"{prefix}_{next(self._counter):06}{secrets.token_hex(6)}"
        thing = {"id": id, "object": KINDS[prefix], "created": int(self.clock()), "livemode": False, **fields}
        self.things[id] = thing
        return thing

    def find(self, kind: str, id: object) -> Thing:
        """Return an object of a kind. Raises `Refusal` if it does not exist."""
        thing: Thing | None = self.things.get(str(id))
        if thing is None or thing["object"] != kind or thing.get("deleted"):
            raise missing(kind, id)
        return thing

    def every(self, kind: str) -> list[Thing]:
        """All objects of a kind, newest first."""
        return [thing for thing in reversed(self.things.values()) if thing["object"] == kind]

    def tell(self, type: str, thing: Thing, *, account: str = "") -> None:
        """Announce an event with a copy of the object as it is now; `account` is the connected one it comes from."""
        of = {"account": account} if account else {}
        event = self.add("evt", type=type, data={"object": json.loads(json.dumps(thing))}, api_version=None, **of)
        del self.things[event["id"]]  # events are never read again, and would outnumber all other objects
        self.announce(event)
