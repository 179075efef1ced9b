"""A random life of money in which users enter codes: of promotions, and of friends who have invited them."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from core.errors import ServiceError
from payments.codes import use
from payments.models import PromotionCode
from payments.referrals import make_code
from payments.tests.credit_life import CreditLife
from payments.tests.money_life import CURRENCIES, chargeable
from tests.cast import fresh

WHO = st.integers(0, 1)
GIVEN = {currency: chargeable(450, currency) for currency in CURRENCIES}  # to each side of a referral


class CodeLife(CreditLife):
    """A life with promotion codes in each currency, two of each, and with one user who invites the other."""

    def __init__(self) -> None:
        self.settings.REFERRAL_CREDITS = GIVEN
        self.settings.TRACES_PER_KIND = 0  # both users may have the test card, and are two people all the same
        super().__init__()
        self.invited: dict[UUID, UUID] = {}  # referrers by newcomer
        for currency in CURRENCIES:
            for name, share_bps, first_cheer in (("ALL", None, False), ("SHARE", 2500, True)):
                PromotionCode.objects.create(
                    code=f"{name}-{currency.upper()}",
                    amount=chargeable(400, currency),
                    share_bps=share_bps,
                    currency=currency,
                    first_cheer=first_cheer,
                    per_person=2,
                    budget_amount=chargeable(1000, currency),
                    starts_at=self.clock.now - timedelta(days=1),
                )

    def enter(self, who: int, code: str) -> bool:
        """A user enters a code; returns whether it was taken."""
        with suppress(ServiceError):
            use(fresh(self.users[who]), code, address="", now=self.clock.now)
            return True
        return False

    @initialize(who=st.none() | WHO)
    def somebody_is_invited(self, who: int | None) -> None:
        if who is not None:
            self.enters_a_friends_code(who)

    @rule(who=WHO)
    def enters_a_friends_code(self, who: int) -> None:
        newcomer, referrer = self.users[who], self.users[1 - who]
        code = make_code(fresh(referrer), now=self.clock.now).code
        if code is not None and self.enter(who, code):
            assert newcomer.pk not in self.invited, "a second friend's code was taken"
            self.invited[newcomer.pk] = referrer.pk

    @rule(who=WHO, name=st.sampled_from(["ALL", "SHARE"]))
    def enters_a_promotion_code(self, who: int, name: str) -> None:
        self.enter(who, f"{name}-{self.prices['currency'].upper()}")
