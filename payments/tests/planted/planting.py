"""Planting a bug: what it replaces, and the kinds of replacements."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pkgutil import resolve_name
from typing import Any

import pytest

from payments.books.billing import Bill
from payments.books.ledger import SIDES
from payments.models.ledger import EntryKind

Make = Callable[[Any], Any]  # of what is replaced, what replaces it


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug that replaces something in one or several places, by their dotted names."""

    name: str
    where: str  # separated by spaces
    make: Make

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace it until the test is over."""
        for place in self.where.split():
            monkeypatch.setattr(place, self.make(resolve_name(place)))


def instead(value: Any) -> Make:
    """A mutation that puts this value in its place."""
    return lambda original: value


def nothing(original: Any) -> Any:
    """It does nothing."""
    return lambda *arguments, **named: None


def twice(original: Any) -> Any:
    """It is done twice."""

    def again(*arguments: Any, **named: Any) -> Any:
        original(*arguments, **named)
        return original(*arguments, **named)

    return again


def without(*kinds: EntryKind) -> Make:
    """Entries of these kinds are not booked."""

    def make(original: Any) -> Any:
        def book_all(amounts: dict[EntryKind, int], *arguments: Any, **named: Any) -> None:
            original({kind: amount for kind, amount in amounts.items() if kind not in kinds}, *arguments, **named)

        return book_all

    return make


def kind_without(*kinds: EntryKind) -> Make:
    """The same where one kind is booked at a time."""

    def make(original: Any) -> Any:
        def book(kind: EntryKind, *arguments: Any, **named: Any) -> None:
            if kind not in kinds:
                original(kind, *arguments, **named)

        return book

    return make


def swapped(kind: EntryKind) -> Make:
    """The sides of a kind of entry are the wrong way round."""
    return lambda original: {**original, kind: (SIDES[kind][1], SIDES[kind][0])}


def billing(change: Callable[[Bill], Bill]) -> Make:
    """Bills are changed before they are opened."""
    return lambda original: lambda outbox, bill, **named: original(outbox, change(bill), **named)


def share_of_bill(bill: Bill, amount: int) -> Bill:
    """The bill with another share of the partner."""
    return bill if bill.share is None else replace(bill, share=replace(bill.share, amount=amount))


def another_key(original: Any) -> Any:
    """Each repetition of a call has another key."""
    turns = count(2)
    return lambda row, call, find, **named: original(row, lambda key: call(f"{key}~{next(turns)}"), find, **named)
