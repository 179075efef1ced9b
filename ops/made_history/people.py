"""The accounts of a made-up history: users and partners, a few of whom do far more than the others."""

from dataclasses import dataclass, field
from random import Random

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from accounts.models import ApplicationTransition, Partner, PartnerTransition, Role, User
from accounts.states import Application, PartnerStatus
from ops.made_history.rows import Ids, Table, moment
from payments.models import Customer, PayoutAccount
from regions.models import Region
from requests_app.models import SavedPlace

HEAVY = 5  # accounts of each kind that get more than their share
DAY_S = 86_400
DOMAIN = "history.test"
NO_PASSWORD = UNUSABLE_PASSWORD_PREFIX + "x" * 40
LAT, LNG = (40.70, 40.80), (-74.01, -73.93)  # within New York City


@dataclass(slots=True)
class Person:
    """A user or partner; `user_id` is the account, and `id` the same or the partner."""

    number: int
    user_id: str
    id: str
    free_at: int
    ratings: list[int] = field(default_factory=lambda: [0, 0])  # their sum and number
    seq: int = 0  # of their newest event


class People:
    """The accounts of one role. Each is in one cheer at a time."""

    def __init__(self, role: Role, number: int, heavy: float, random: Random, ids: Ids, begun: int) -> None:
        self._random, self._heavy = random, heavy
        made = [ids.new(begun) for _ in range(2 * number)]
        second = made[number:] if role == Role.PARTNER else made[:number]
        self.all = [
            Person(n, user_id, id, begun) for n, (user_id, id) in enumerate(zip(made[:number], second, strict=True))
        ]
        self.heavy = self.all[:HEAVY]

    def free(self, at: int, but: tuple[Person, ...] = ()) -> Person:
        """Choose one who is in no cheer at that moment, and is none of `but`."""
        person = None
        if self._random.random() < self._heavy:
            person = self.heavy[self._random.randrange(len(self.heavy))]
        while person is None or person.free_at > at or person in but:
            person = self.all[self._random.randrange(len(self.all))]
        return person


class PeopleTables:
    """The tables of accounts."""

    def __init__(self, region: Region) -> None:
        self.users = Table(User, "id email name role created_at", password=NO_PASSWORD)
        self.addresses = Table(EmailAddress, "user email", verified=True, primary=True)
        self.customers = Table(
            Customer,
            "user reference card_reference created_at",
            card_brand="visa",
            card_last4="4242",
            card_exp_month=12,
            card_exp_year=2040,
        )
        self.places = Table(SavedPlace, "id user lat lng created_at", name="Home")
        self.partners = Table(
            Partner,
            "id user name phone status_since lat lng position_at rating_sum rating_count created_at",
            application=Application.APPROVED,
            region=region.pk,
        )
        self.applications = Table(ApplicationTransition, "old new actor reason at subject")
        self.moves = Table(PartnerTransition, "old new actor reason at subject")
        self.payout_accounts = Table(PayoutAccount, "partner reference created_at", ready=True, next_step_at=None)


class PeopleWriter:
    """Writes the rows of accounts: the first steps of partners before all cheers, everything else after them."""

    def __init__(self, tables: PeopleTables, random: Random, ids: Ids, begun: int) -> None:
        self._tables, self._random, self._ids = tables, random, ids
        self._joined, self._began = moment(begun - DAY_S), moment(begun)
        self._begun = begun

    def clock_on(self, partner: Person) -> None:
        """Approve a partner and let them go online."""
        applied, offline = Application.APPLIED.value, PartnerStatus.OFFLINE.value
        for old, new in (("", applied), (applied, Application.APPROVED.value)):
            self._tables.applications.add(old, new, None, "", self._joined, partner.id)
        for old, new in (("", offline), (offline, PartnerStatus.AVAILABLE.value)):
            self._tables.moves.add(old, new, partner.user_id, "", self._began, partner.id)

    def user(self, person: Person) -> None:
        """Write a user's account, with a card and a saved place."""
        tables = self._tables
        self._account(person, "user", Role.USER)
        reference = f"history_{person.user_id}"
        tables.customers.add(person.user_id, f"cus_{reference}", f"pm_{reference}", self._joined)
        lat, lng = self.place()
        tables.places.add(self._ids.new(self._begun), person.user_id, lat, lng, self._joined)

    def partner(self, person: Person) -> None:
        """Write a partner's account, with the ratings of their rides, and let them go offline."""
        tables = self._tables
        self._account(person, "partner", Role.PARTNER)
        last = moment(person.free_at)
        tables.moves.add(
            PartnerStatus.AVAILABLE.value, PartnerStatus.OFFLINE.value, person.user_id, "", last, person.id
        )
        name, phone = f"Partner {person.number}", f"+1 212 {person.number:07d}"
        tables.partners.add(
            person.id, person.user_id, name, phone, last, *self.place(), last, *person.ratings, self._joined
        )
        if is_paid_out(person):
            tables.payout_accounts.add(person.id, f"acct_{person.id}", self._joined)

    def place(self) -> tuple[float, float]:
        """Return a place in the city."""
        return round(self._random.uniform(*LAT), 6), round(self._random.uniform(*LNG), 6)

    def _account(self, person: Person, word: str, role: Role) -> None:
        email = f"{word}{person.number}@{DOMAIN}"
        name = f"{word.title()} {person.number}"
        self._tables.users.add(person.user_id, email, name, role.value, self._joined)
        self._tables.addresses.add(person.user_id, email)


def is_paid_out(partner: Person) -> bool:
    """Return whether a partner has an account to which they are paid."""
    return partner.number % 2 == 0
