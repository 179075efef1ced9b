"""A small city of partners, which accept and serve requests made by hand."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from simulator.accounts import Keyring, Staff
from simulator.client import Api
from simulator.habits import Habits
from simulator.ledger import Ledger
from simulator.movement import Place
from simulator.partner import Partner
from simulator.running import bot_account, first_of, keep_running, rng_of, sign_off_all, until_ready

log = logging.getLogger(__name__)

# The partners' homes: the first six reach most of New York City, the others fill the gaps.
HOMES = [
    Place(40.7549, -73.9840),  # Midtown
    Place(40.7359, -73.9911),  # Union Square
    Place(40.8116, -73.9465),  # Harlem
    Place(40.6928, -73.9903),  # Downtown Brooklyn
    Place(40.7060, -73.8080),  # Jamaica
    Place(40.7447, -73.9485),  # Long Island City
    Place(40.7075, -74.0113),  # Financial District
    Place(40.8610, -73.8905),  # Fordham
    Place(40.7590, -73.8300),  # Flushing
    Place(40.7870, -73.9754),  # Upper West Side
    Place(40.6195, -73.9850),  # Bensonhurst
    Place(40.6100, -74.1200),  # Staten Island
]
NAMES = ["Roxy", "Max", "Luna", "Theo", "Bea", "Otis", "Mila", "Juno", "Leo", "Ivy", "Gus", "Nell"]


@dataclass(frozen=True)
class City:
    """The simulation that `manage.py bots` runs."""

    server: str
    partners: int
    habits: Habits
    seed: int | None
    secret: str
    staff_email: str
    staff_password: str
    cache: Path | None

    async def run(self, stop: asyncio.Event) -> int:
        """Keep the partners at work until `stop`."""
        api = Api(self.server)
        bots = self.population(api)
        try:
            await first_of(stop, asyncio.create_task(self.work(api, bots)))
        finally:
            await api.close()
        log.info("the bots have gone home")
        return 0

    async def work(self, api: Api, bots: list[Partner]) -> None:
        """Run the bots until cancelled; they sign off before they end."""
        await until_ready(api)
        log.info("%d bots go to work", len(bots))
        tasks = [asyncio.create_task(keep_running(bot)) for bot in bots]
        try:
            await asyncio.wait(tasks)  # unlike gather, doesn't cancel the tasks when it is cancelled itself
            await asyncio.Event().wait()  # all were refused, as the log says; restarting would not help
        finally:
            await sign_off_all(bots)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def population(self, api: Api) -> list[Partner]:
        """Create the bots without starting them."""
        keyring = Keyring(self.cache, self.server)
        staff = Staff(api, email=self.staff_email, password=self.staff_password)
        return [self.partner(number, api, keyring, staff) for number in range(1, self.partners + 1)]

    def partner(self, number: int, api: Api, keyring: Keyring, staff: Staff) -> Partner:
        """Create one bot with a home and a name."""
        home, name = HOMES[(number - 1) % len(HOMES)], NAMES[(number - 1) % len(NAMES)]
        return Partner(
            number,
            bot_account(api, keyring, kind="bot-partner", number=number, secret=self.secret, name=name),
            staff=staff,
            start=home,
            home=home,
            habits=self.habits,
            ledger=Ledger(),
            errors=api.errors,
            rng=rng_of(self.seed, "partner", number),
        )
