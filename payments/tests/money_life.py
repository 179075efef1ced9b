"""A random life of money: what people do, and what goes wrong meanwhile. The promises are in `two_sides`."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from accounts.models import Partner, User
from core import valkey
from core.currencies import currency_of
from core.errors import ServiceError
from fake_stripe.errors import Refusal
from fake_stripe.server import DECLINED, FAULTS
from payments.books.refunds import refund, refundable
from payments.models import Attempt, Hold, Payment, PayoutAccount
from payments.operations import Operation
from payments.provider import accounts
from payments.services import pay_now, withdraw
from payments.states import UNPAID, AttemptStatus, HoldStatus
from payments.tests.machinery import LONGEST_RETRY_S, WHICH, Machinery
from payments.tests.mishaps import DEATH, FAULT, NO_FAULT, dying_at
from payments.tests.sessions import CARDS, HOLDS, PRICES, SESSIONS, Prices, Session
from payments.tests.two_sides import given_back
from regions.models import Region
from regions.selectors import forget_terms
from requests_app import services
from requests_app.hold_answers import sweep_holds
from requests_app.models import CheerRequest, Offer
from requests_app.offers import expire_offer, lapsed
from requests_app.serving import fulfilment
from requests_app.serving.session_holds import sweep_sessions
from requests_app.states import OPEN, OfferStatus
from rides.models import Ride
from rides.services import tip_ride
from rides.states import ACTIVE, RideStatus
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    fresh,
    make_partner,
    make_staff,
    make_user,
    match,
    offered_to,
    open_offer,
    report,
    submit,
)
from tests.online import Online, set_region
from tests.settling import settle_in_cash

CURRENCIES = sorted({prices["currency"] for prices in PRICES})


def chargeable(amount: int, currency: str) -> int:
    """An amount of about this size that a card can be charged in this currency."""
    return 10 * amount if currency == "kwd" else amount


class MoneyLife(Machinery):
    """Two users, one partner, and everything that can go wrong."""

    online: Online
    clock: Clock
    region: Region
    settings: Any
    starts_at: datetime

    def __init__(self) -> None:
        super().__init__()
        self.clock.now = self.starts_at
        self.block = transaction.atomic()
        self.block._from_testcase = True  # a life is a test's: rolled back at its end
        self.block.__enter__()
        valkey.client().flushall()
        forget_terms()
        self.provider = Online(self.online.server)
        self.began = self.clock.now
        self.prices: Prices = PRICES[0]
        self.agreed: dict[Any, Prices] = {}  # the prices at the booking, by request
        self.tips: dict[Any, int] = {}  # by ride
        self.staff = make_staff("Stella")
        self.partner: Partner = make_partner("Pia")
        self.partners = [self.partner]
        self.users: list[User] = [make_user("Ada"), make_user("Grace")]
        self.shown: set[str] = set()  # the intents whose secrets a user's device has been given, ever
        for user in self.users:
            self.provider.save_card(user)

    @initialize(
        connected=st.booleans(),
        tips=st.booleans(),
        session=SESSIONS,
        prices=st.sampled_from(PRICES),
        borne_by=st.sampled_from(["us", "partner"]),
    )
    def begin(self, connected: bool, tips: bool, session: Session, prices: Prices, borne_by: str) -> None:
        """Every life has a session at least. The partner may be paid from the start, or later, or never."""
        self.prices, self.settings.DISPUTES_BORNE_BY = prices, borne_by
        if connected:
            self.partner_wants_payouts()
            self.provider.deliver()
            self.run_once([Operation.EVENT], NO_FAULT, None)
        self.have_a_session(session)
        if tips:
            self.tip(500)

    # ------------------------------------------------------------ what people do

    @rule(who=st.integers(0, 1), hold=st.sampled_from(HOLDS), answered=st.booleans())
    def book(self, who: int, hold: int, answered: bool) -> None:
        """Ask for a cheer; the card's bank may have answered, or not yet."""
        set_region(hold_amount=hold, **self.prices)
        with suppress(ServiceError):
            request = submit(fresh(self.users[who]))
            self.agreed[request.pk] = self.prices
        if answered:
            self.run_holds()

    @rule(session=SESSIONS)
    def have_a_session(self, session: Session) -> None:
        """From the booking to the end of the session, perhaps with a new card meanwhile; then charging begins."""
        self.end(None)
        self.book(session.who, session.hold, answered=True)
        if session.prices is not None:
            set_region(**session.prices)
        sweep_holds(self.clock.now)
        self.serve()
        self.serve()
        parts = session.minutes // 10 + 1
        for _ in range(parts):
            self.clock.advance(60 * session.minutes / parts)
            sweep_sessions(self.clock.now)
            self.run_holds()
            sweep_holds(self.clock.now)
        if session.card:
            self.save_card(session.who, session.card)
        self.end(None)
        self.run_once([Operation.ATTEMPT, Operation.HOLD, Operation.TRANSFER], session.fault, session.death)

    def run_holds(self) -> None:
        """Run what is due about holds, with nothing in the way."""
        self.run_once([Operation.HOLD], NO_FAULT, None)

    @rule()
    def serve(self) -> None:
        """The partner takes one step: accepts an offer, or starts a session."""
        report(self.partner, EMPIRE_STATE)
        for offer in Offer.objects.filter(lapsed(self.clock.now), status=OfferStatus.PENDING):
            expire_offer(offer.pk, now=self.clock.now)
        match(self.region)
        for request in CheerRequest.objects.filter(status__in=OPEN):
            if offered_to(request) is not None:
                with suppress(ServiceError):
                    fulfilment.accept_offer(fresh(self.partner), offer_id=open_offer(request).pk, now=self.clock.now)
                return
        for ride in Ride.objects.filter(status__in=ACTIVE):
            if ride.status == RideStatus.EN_ROUTE:
                fulfilment.start_session(fresh(self.partner), ride.pk, pin=ride.pin, now=self.clock.now)
                return

    @rule(death=DEATH)
    def end(self, death: int | None) -> None:
        """The session is over, if the process lives to write it down."""
        for ride in Ride.objects.filter(status=RideStatus.IN_PROGRESS):
            with dying_at(death):
                fulfilment.end_session(fresh(self.partner).user, ride.pk, now=self.clock.now)

    @rule(who=st.integers(0, 1))
    def cancel(self, who: int) -> None:
        for request in CheerRequest.objects.filter(status__in=OPEN, user=self.users[who]):
            with suppress(ServiceError):
                services.cancel_request(self.users[who], request.pk, reason="", now=self.clock.now)

    @rule(amount=st.integers(1, 5000))
    def tip(self, amount: int) -> None:
        ride = Ride.objects.filter(status=RideStatus.COMPLETED).order_by("-accepted_at").first()
        if ride is not None:
            with suppress(ServiceError):
                tip = tip_ride(
                    ride,
                    amount=chargeable(amount, ride.tariff_currency),
                    currency=ride.tariff_currency,
                    now=self.clock.now,
                )
                self.tips[ride.pk] = tip.amount

    @rule(who=st.integers(0, 1), card=st.sampled_from(CARDS))
    def save_card(self, who: int, card: str) -> None:
        self.clock.advance(1)
        with suppress(ServiceError):
            self.provider.save_card(self.users[who], card)

    def note_what_is_shown(self) -> None:
        """Whose confirmation we wait for sees the payment, and may keep the page open for as long as they like."""
        attempts = Attempt.objects.filter(status=AttemptStatus.REQUIRES_ACTION)
        holds = Hold.objects.filter(status=HoldStatus.REQUIRES_ACTION)
        self.shown.update(attempts.values_list("reference", flat=True))
        self.shown.update(holds.values_list("reference", flat=True))

    @rule(agrees=st.booleans(), good_card=st.booleans())
    def confirm(self, agrees: bool, good_card: bool) -> None:
        """Users do what their bank asks, or don't: for everything that they were ever shown, however old the page."""
        account = self.provider.account
        for reference in sorted(self.shown):
            intent = account.things[reference]
            with suppress(Refusal):
                if intent["status"] == "requires_payment_method":
                    account.confirm_payment_intent(reference, {"payment_method": self.some_card(intent, good_card)})
                account.answer_payment_intent(reference, agrees=agrees)

    def some_card(self, intent: dict[str, Any], good: bool) -> str:
        """A card of the intent's customer: one that pays, if they have it, or else their newest."""
        theirs = [c for c in self.provider.account.every("payment_method") if c["customer"] == intent["customer"]]
        paying = [c for c in theirs if not self.provider.account.behaviour_of(c["id"]).decline]
        return str((paying if good and paying else theirs)[0]["id"])

    @rule(who=st.integers(0, 1))
    def pay_now(self, who: int) -> None:
        for payment in Payment.objects.filter(user=self.users[who]):
            with suppress(ServiceError):
                pay_now(self.users[who], payment.pk, now=self.clock.now)

    @rule()
    def partner_wants_payouts(self) -> None:
        with suppress(ServiceError):
            accounts.onboarding_url(self.partner, return_url="http://testserver/", now=self.clock.now)
        for account in PayoutAccount.objects.filter(ready=False):
            self.provider.account.finish_onboarding(account.reference)

    @rule()
    def the_partner_banks_it(self) -> None:
        """Pay the transfers out to the partner's bank, where no reversal reaches them."""
        for account in PayoutAccount.objects.all():
            for currency in CURRENCIES:
                balance = self.provider.account.balance_of(account.reference, currency)
                if balance > 0:
                    self.provider.account.pay_out_to_bank(account.reference, balance, currency)

    # ------------------------------------------------------------ what staff do

    def a_payment(self, which: int, *, unpaid: bool = False) -> Payment | None:
        """One of the payments; with `unpaid`, one of those that wait for money once all that hangs is paid, if any."""
        if unpaid:
            self.clock.advance(LONGEST_RETRY_S)
            self.run_once([Operation.ATTEMPT], NO_FAULT, None)
        payments = list(Payment.objects.order_by("created_at", "pk"))
        wanted = [payment for payment in payments if payment.status in UNPAID] if unpaid else []
        found = wanted or payments
        return found[which % len(found)] if found else None

    @rule(share=st.integers(1, 100), which=WHICH, fault=st.sampled_from(FAULTS), death=DEATH, again=FAULT)
    def refund(self, share: int, which: int, fault: str, death: int | None, again: str) -> None:
        """Give back a part or all of what was paid, and meet a fault, perhaps twice."""
        self.clock.advance(LONGEST_RETRY_S)
        self.run_once([Operation.ATTEMPT], NO_FAULT, None)  # most of what hangs is paid then
        payment = self.a_payment(which)
        if payment is None:
            return
        with suppress(ServiceError):
            amount = currency_of(payment.currency).whole(refundable(payment) * share // 100)
            refund(payment, amount=amount, reason="sorry", actor=self.staff, now=self.clock.now)
        self.run_once([Operation.REFUND, Operation.REVERSAL], fault, death)
        self.clock.advance(LONGEST_RETRY_S)
        self.run_once([Operation.REFUND, Operation.REVERSAL], again, None)

    @rule()
    def what_is_collected_is_declined(self) -> None:
        """Captures of holds, too, by an answer that has no intent with it."""
        self.run_once([Operation.ATTEMPT], DECLINED, None)

    @rule(which=WHICH)
    def a_bank_returns_a_refund(self, which: int) -> None:
        made = given_back(self.provider)
        if made:
            self.provider.account.fail_refund(made[which % len(made)]["id"])

    @rule(which=WHICH, cash=st.booleans())
    def staff_steps_in(self, which: int, cash: bool) -> None:
        payment = self.a_payment(which, unpaid=True)
        if payment is not None:
            with suppress(ServiceError):
                (settle_in_cash if cash else withdraw)(payment, actor=self.staff, now=self.clock.now)
