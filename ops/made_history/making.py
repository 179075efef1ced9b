"""Makes a history of a given size, the same one for the same seed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from django.conf import settings

from accounts.models import Role, User
from core.errors import Invalid
from ops.made_history.cheers import LASTS_AT_MOST_S, CheerTables, Teller
from ops.made_history.decisions import DecisionWriter, RecordTables
from ops.made_history.events import EventWriter
from ops.made_history.loading import bulk, vacuum, write
from ops.made_history.money import Cashier, MoneyTables
from ops.made_history.people import DAY_S, HEAVY, People, PeopleTables, PeopleWriter
from ops.made_history.rows import Ids, Table
from ops.seed import seed_region, seed_request_types
from regions.models import Region
from requests_app.models import CheerRequest

WRITTEN_TOGETHER = 2000  # cheers
ACCOUNTS_MIN = 4 * HEAVY


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a history: `requests` within `days` that end at `until`; the last part of them has `events`."""

    requests: int
    users: int
    partners: int
    days: int
    events: float  # 0 to 1
    heavy: float  # the part of all cheers, 0 to 1, for which a few accounts of each kind are chosen first
    until: datetime
    seed: int

    def check(self) -> None:
        """Raises `Invalid` if so few accounts can't have so many cheers in so little time."""
        if min(self.users, self.partners) < ACCOUNTS_MIN or self.days < 1 or self.requests < 1:
            raise Invalid("invalid", f"A history needs a request, a day, and {ACCOUNTS_MIN} accounts of each kind.")
        together = self.requests * LASTS_AT_MOST_S / (self.days * DAY_S)
        if together > min(self.users, self.partners) / 2:
            raise Invalid("invalid", "There are too few accounts, or too few days, for so many requests.")


def is_free() -> bool:
    """Return whether the database has no cheers, which a made-up history would be mixed with."""
    return not CheerRequest.objects.exists()


def has_accounts() -> bool:
    """Return whether the database has accounts of anybody."""
    return User.objects.exists()


class Tables:
    """All tables of a history."""

    def __init__(self, region: Region) -> None:
        self.people, self.cheers, self.money = PeopleTables(region), CheerTables(region), MoneyTables()
        self.records, self.events = RecordTables(region), EventWriter()
        groups = (self.people, self.cheers, self.money, self.records, self.events)
        self.all = [table for group in groups for table in vars(group).values() if isinstance(table, Table)]


def make_history(size: Size, told: Callable[[int], None]) -> None:
    """Write a history into a database without cheers, all of it or nothing; `told` hears of the cheers written so far.

    Raises: `Invalid` for an impossible size.
    """
    size.check()
    seed_request_types()
    tables = Tables(seed_region())
    with bulk(tables.all):
        _write(size, tables, told)
    vacuum(tables.all)


def _write(size: Size, tables: Tables, told: Callable[[int], None]) -> None:
    random = Random(size.seed)  # noqa: S311 - the same numbers each time
    ids = Ids(random)
    ended = int(size.until.timestamp()) - LASTS_AT_MOST_S
    begun = ended - size.days * DAY_S
    users = People(Role.USER, size.users, size.heavy, random, ids, begun)
    partners = People(Role.PARTNER, size.partners, size.heavy, random, ids, begun)
    writer = PeopleWriter(tables.people, random, ids, begun)
    cashier = Cashier(tables.money, random, ids)
    decided_since = int(size.until.timestamp()) - settings.DECISIONS_KEPT_DAYS * DAY_S
    decisions = DecisionWriter(tables.records, ids, decided_since)
    teller = Teller(tables.cheers, tables.people.moves, writer, cashier, decisions, random, ids)
    for partner in partners.all:
        writer.clock_on(partner)
    for number in range(size.requests):
        cheer = teller.tell(begun + number * size.days * DAY_S // size.requests, users, partners)
        if number >= size.requests * (1 - size.events):
            tables.events.write(cheer)
        if number % WRITTEN_TOGETHER == WRITTEN_TOGETHER - 1:
            write(tables.all)
            told(number + 1)
    for person in users.all:
        writer.user(person)
    for person in partners.all:
        writer.partner(person)
    tables.events.write_streams()
    write(tables.all)
