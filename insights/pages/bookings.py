"""Figures about money: what was booked on each day, by currency."""

from dataclasses import fields

from insights.facts.selectors import By, Money, money
from insights.pages.asked import Asked
from insights.pages.people import enough_payers, told
from insights.pages.tables import Table, Unit, camel, columns

SUMS = tuple(each.name for each in fields(Money) if each.name not in ("entries", "hours"))


def money_by_day(asked: Asked) -> Table:
    """Return the sums that were booked on each day, by currency; `selectors.Money` says what they are.

    A day with only what the provider or a bank booked, about fewer than five users, is hidden as any other.
    """
    table = Table(
        columns(day=Unit.DAY, currency=Unit.NAME, revenue=Unit.MINOR, **{camel(name): Unit.MINOR for name in SUMS})
    )
    parts = money(asked.region, asked.begin, asked.end, by=By.DAY, request_types=asked.kinds)
    for (day, currency), part in sorted(parts.items(), key=lambda found: found[0]):
        revenue = told(part.entries["fares"], told(part.entries["fees"], part.revenue))
        figures = [revenue, *(told(part.entries[name], getattr(part, name)) for name in SUMS)]
        table.add([day, currency], figures if enough_payers(asked, part) else None)
    return table
