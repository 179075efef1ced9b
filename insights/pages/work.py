"""Figures about partners: supply against demand, their acceptance, and what an hour of work earned."""

from collections import Counter
from typing import Any

from insights.facts.hours import HOUR_S
from insights.facts.selectors import By, Money, Supply, Totals, money, supply, totals
from insights.pages.asked import Asked
from insights.pages.people import enough_partners, enough_users, told
from insights.pages.tables import CLOCK, Cell, Table, Unit, columns, share


def supply_and_demand(asked: Asked) -> Table:
    """The mean number of partners in each status and of requests in an hour, by the hour of the day.

    Partners are of no kind of cheer: they are counted whatever kind is asked about.
    """
    table = Table(
        columns(
            clock=Unit.CLOCK,
            requests=Unit.MEAN,
            completed=Unit.MEAN,
            available=Unit.MEAN,
            offered=Unit.MEAN,
            busy=Unit.MEAN,
        )
    )
    began = Counter(hour.key.astimezone(asked.zone).hour for hour in asked.hours)
    demand = totals(asked.region, asked.begin, asked.end, by=By.CLOCK, request_types=asked.kinds, waits=(), tallies=())
    at_work = supply(asked.region, asked.begin, asked.end, by=By.CLOCK)
    for clock in CLOCK:
        made, worked, count = demand.get(clock, Totals()), at_work.get(clock, Supply()), began[clock]
        shown = (not made.hours or enough_users(asked, made)) and (not worked.hours or enough_partners(asked, worked))
        numbers = [made.numbers[name] for name in ("requests", "completed")]
        means = [told(number, share(number, count)) for number in numbers]
        means += [share(spent, count * HOUR_S) for spent in (worked.available_s, worked.offered_s, worked.busy_s)]
        table.add([clock], means if shown else None)
    return table


def partners(asked: Asked) -> Table:
    """Each day's offers and what became of them, hours at work, and what partners came to own for each of these hours.

    A day without anything booked has a row without a currency. Of one kind of cheer no time at work is known.
    """
    table = Table(
        columns(
            day=Unit.DAY,
            currency=Unit.NAME,
            offers=Unit.COUNT,
            accepted=Unit.COUNT,
            acceptance=Unit.SHARE,
            declined=Unit.COUNT,
            lapsed=Unit.COUNT,
            work=Unit.HOURS,
            earned=Unit.MINOR,
            earnedAnHour=Unit.MINOR,
        )
    )
    asked_days = asked.region, asked.begin, asked.end
    made = totals(*asked_days, by=By.DAY, request_types=asked.kinds, waits=(), tallies=("declined",))
    worked = supply(*asked_days, by=By.DAY)
    booked = money(*asked_days, by=By.DAY, request_types=asked.kinds)
    currencies: dict[Any, list[str]] = {}
    for day, currency in sorted(booked):
        currencies.setdefault(day, []).append(currency)
    for day in sorted({*made, *worked, *currencies}):
        offers, time = made.get(day, Totals()), worked.get(day, Supply())
        # Work is known for as long as the region counts it; money may be booked on a day on which nobody worked.
        shown = bool(time.hours) and enough_partners(asked, time)
        for currency in currencies.get(day, [""]):
            earned = booked.get((day, currency))
            table.add([day, currency], _day_of(asked, offers, time, earned) if shown else None)
    return table


def _day_of(asked: Asked, part: Totals, time: Supply, earned: Money | None) -> list[Cell]:
    offers, accepted, lapsed = (part.numbers[name] for name in ("offers", "offers_accepted", "lapsed"))
    declined = part.tallies["declined"].total()
    hours = (time.available_s + time.offered_s + time.busy_s) / HOUR_S if asked.kind is None else 0
    shares = None if earned is None else told(earned.entries["shares"], earned.shares)
    return [
        told(offers, offers),
        told(accepted, accepted),
        told(accepted, share(accepted, offers)),
        told(declined, declined),
        told(lapsed, lapsed),
        round(hours, 2) if hours else None,
        shares,
        None if shares is None or not hours else round(shares / hours),
    ]
