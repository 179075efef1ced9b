"""The absent people of a drill: how many of each sort, and what they do while it runs."""

import asyncio
import time
from collections import Counter
from functools import partial
from itertools import islice
from random import Random

from drill.absent import DECLINED, LEISURELY, NOWHERE, AbsentPartner, AbsentUser, Person, somewhere, with_devices
from drill.system import PATIENCE_S, System
from simulator.accounts import Keyring, Staff
from simulator.client import Api
from simulator.feed import Feed
from simulator.ledger import Ledger
from simulator.partner import Partner
from simulator.replay import LAST_EVENTS_S, Replay
from simulator.running import bot_account, keep_running
from simulator.user import User

A_RIDE_S, A_REFUSAL_S = 20.0, 5.0
PRESENT, ABSENT_PARTNERS = 2, 2  # partners of the neighbourhood, with a page open and without
# Users by their number of devices and whether they can be mailed.
CHEERED = [(1, False), (2, False), (0, True), (1, True)]
UNSERVED = [(1, False), (0, True)]
PENNILESS = [(1, False), (0, True)]


class Absence:
    """All absent people, and the partners with an open page who serve them, too."""

    def __init__(self, system: System, *, seed: int, secret: str, staff_email: str, staff_password: str) -> None:
        self.api = Api(system.url)
        self.ledger = Ledger()
        self._system, self._secret, self._seed = system, secret, seed
        self._keyring = Keyring(None, system.url)
        self._staff = Staff(self.api, email=staff_email, password=staff_password)
        nowhere, nearby = (lambda: NOWHERE), partial(somewhere, Random(f"absent {seed}"))
        self.users = [self._user(*sort, place=nearby, takes_s=A_RIDE_S) for sort in CHEERED]
        self.users += [self._user(*sort, place=nowhere, takes_s=PATIENCE_S) for sort in UNSERVED]
        if system.provider:
            self.users += [self._user(*sort, place=nearby, takes_s=A_REFUSAL_S, card=DECLINED) for sort in PENNILESS]
        self.present = [self._partner(Partner, number) for number in range(1, PRESENT + 1)]
        self.absent = [self._absent_partner(PRESENT + number) for number in range(1, ABSENT_PARTNERS + 1)]
        self.with_page: list[Person] = []
        self._background: list[asyncio.Task[None]] = []

    @property
    def people(self) -> list[Person]:
        """Everybody who can be told, those with an open page and a device included."""
        return [*(user.person for user in self.users), *(bot.person for bot in self.absent), *self.with_page]

    @property
    def feeds(self) -> list[Feed]:
        return [partner.feed for partner in self.present]

    @property
    def errors(self) -> Counter[str]:
        return self.api.errors

    # ------------------------------------------------------------ during the drill

    async def prepare(self) -> None:
        """Bring everybody in, and wait until the partners are online."""
        partners = [*self.present, *self.absent]
        self._background = [asyncio.create_task(keep_running(partner)) for partner in partners]
        await asyncio.gather(*(user.prepare() for user in self.users), *(partner.online.wait() for partner in partners))

    async def give_devices(self, replay: Replay) -> None:
        """Give every second person of the replay a device."""
        users = ((user.account, user.feed) for user in islice(replay.crowd.users, 0, None, 2))
        partners = ((partner.account, partner.feed) for partner in islice(replay.partners, 0, None, 2))
        self.with_page = with_devices([*users, *partners], self._system.outside)
        await asyncio.gather(*(person.subscribe() for person in self.with_page))

    async def run(self, lasts_s: float) -> None:
        """Let the users make requests for this time, and the last ones end."""
        until = time.monotonic() + lasts_s
        await asyncio.gather(*(user.run(until) for user in self.users))
        await asyncio.gather(*(feed.undelivered(within_s=LAST_EVENTS_S) for feed in self.feeds))

    async def close(self) -> None:
        """Sign the partners off and stop all tasks."""
        await asyncio.gather(*(partner.sign_off() for partner in (*self.present, *self.absent)), return_exceptions=True)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.api.close()

    # ------------------------------------------------------------ who they are

    def _person(self, kind: str, number: int, devices: int = 0, mailed: bool = False) -> Person:
        account = bot_account(self.api, self._keyring, kind=kind, number=number, secret=self._secret)
        return Person(account, [self._system.outside.push.browser() for _ in range(devices)], mailed)

    def _user(self, devices: int, mailed: bool, **scene: object) -> AbsentUser:
        self._users = getattr(self, "_users", 0) + 1
        person = self._person("absent-user", self._users, devices, mailed)
        user = User(
            person.account,
            ledger=self.ledger,
            errors=self.errors,
            rng=Random(f"absent user {self._seed} {self._users}"),
            patience_s=None,
            provider=self._system.provider,
        )
        return AbsentUser(person, user, **scene)  # type: ignore[arg-type]

    def _partner(self, kind: type[Partner], number: int) -> Partner:
        return kind(
            number,
            bot_account(self.api, self._keyring, kind="away-partner", number=number, secret=self._secret),
            staff=self._staff,
            start=somewhere(Random(number)),
            home=None,
            habits=LEISURELY,
            ledger=self.ledger,
            errors=self.errors,
            rng=Random(f"away {self._seed} {number}"),
        )

    def _absent_partner(self, number: int) -> AbsentPartner:
        partner = self._partner(AbsentPartner, number)
        assert isinstance(partner, AbsentPartner)
        partner.person = Person(partner.account, [self._system.outside.push.browser()])
        return partner
