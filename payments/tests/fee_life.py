"""A random life of money in which prices change, and rides end before they begin."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from core.errors import ServiceError
from payments.tests.code_life import WHO, CodeLife
from payments.tests.sessions import HOLDS, PRICES, Prices
from requests_app.hold_answers import sweep_holds
from requests_app.serving import arrival
from rides.models import Ride
from rides.states import RideStatus
from tests.cast import arrive, come, fresh
from tests.online import set_region

HOLD = st.sampled_from(HOLDS)


class FeeLife(CodeLife):
    """A life with other prices, in other currencies, and with fees for cancelling and for not being there."""

    def __init__(self) -> None:
        super().__init__()
        self.not_there: set[UUID] = set()  # the rides whose users were not

    @rule(prices=st.sampled_from(PRICES))
    def prices_change(self, prices: Prices) -> None:
        """Bookings from now on are under these prices; earlier ones keep their own."""
        self.prices = prices
        set_region(**prices)

    def on_the_way(self, who: int, hold: int) -> list[Ride]:
        """Have a partner set out to a user."""
        self.end(None)
        self.book(who, hold, answered=True)
        sweep_holds(self.clock.now)
        self.serve()
        return list(Ride.objects.filter(status=RideStatus.EN_ROUTE, user=self.users[who]))

    @rule(who=WHO, hold=HOLD, late=st.booleans())
    def call_off(self, who: int, hold: int, late: bool) -> None:
        self.on_the_way(who, hold)
        self.clock.advance(150 if late else 30)
        self.cancel(who)

    @rule(who=WHO, hold=HOLD)
    def nobody_is_there(self, who: int, hold: int) -> None:
        for ride in self.on_the_way(who, hold):
            with suppress(ServiceError):
                arrive(ride)
                self.clock.now += timedelta(seconds=ride.request.region.no_show_wait_s)
                come(ride)
                arrival.report_no_show(fresh(self.partner), ride.pk, now=self.clock.now)
                self.not_there.add(ride.pk)
