"""What happened in the city once cards were taken, and how everybody stands at the end."""

from django.conf import settings

from ops.pruner import prune_all
from payments.books.refunds import refund
from payments.models import Attempt, Payment
from payments.provider.reconcile import reconcile_today
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import fresh
from tests.online import Online, set_region
from tests.upgrade.city import FAR_AWAY, City, metres_away

HOLD = 6000  # minor units
KEPT_S = 4 * 24 * 3600  # longer than events and answers are kept
# Users by what their card does.
CARDS = {
    "vera": "pm_card_visa",
    "max": "pm_card_mastercard",
    "poor": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "nina": "pm_card_chargeCustomerFail",
    "slow": "pm_card_authenticationRequired",
    "asked": "pm_card_authenticationRequired",
    "moved": "pm_card_authenticationRequired",
    "waits": "pm_card_authenticationRequired",
    "denies": "pm_card_createDispute",
    "back": "pm_card_refundFail",
    "agrees": "pm_card_authenticationRequired",
    "lost": "pm_card_visa",
    "leaves": "pm_card_visa",
    "long": "pm_card_visa",
    "far": "pm_card_visa",
    "next": "pm_card_visa",
    "soon": "pm_card_visa",
    "now": "pm_card_visa",
    "done": "pm_card_visa",
    "fresh": "pm_card_visa",
}


class CardCity:
    """The city with a payment provider."""

    def __init__(self, city: City, online: Online) -> None:
        self.city, self.online = city, online

    def tell(self) -> None:
        """Everything since cards were taken."""
        settings.STRIPE_CONNECT = True
        set_region(hold_amount=HOLD)
        self.city.sign_up(*CARDS)
        for who, card in CARDS.items():
            self.online.save_card(self.city.user(who), card)
            self.city.clock.advance(1)
        self.lose_events()
        self.paid_and_given_back()
        self.called_off()
        self.denied()
        self.mended()
        self.declined()
        self.waiting_for_users()
        self.under_way()
        self.not_done_yet()

    # ------------------------------------------------------------ steps

    def lose_events(self) -> None:
        """What the provider has just told does not arrive."""
        self.online.events.clear()

    def hear(self) -> None:
        """The provider's events arrive, and are acted on."""
        self.online.deliver()
        self.online.work()

    def booked(self, who: str, **what: object) -> CheerRequest:
        """A user asks, their bank answers, and the matcher runs."""
        request = self.city.ask(who, **what)  # type: ignore[arg-type]
        self.online.work()
        self.city.match()
        found: CheerRequest = fresh(request)
        return found

    def started(self, user: str, partner: str) -> Ride:
        """A booked session that runs."""
        self.city.go_online(partner)
        ride = self.city.accept(self.booked(user))
        self.city.start(partner, ride)
        return ride

    def ended(self, user: str, partner: str, *, minutes: float = 4) -> Payment:
        """A session of so many minutes; nothing has been charged yet."""
        ride = self.started(user, partner)
        self.city.clock.advance(60 * minutes)
        self.city.post(partner, "/rideEnd", {"rideId": str(ride.pk)})
        self.city.go_offline(partner)
        return self.city.payment(ride)

    def charged(self, user: str, partner: str, *, minutes: float = 4) -> Payment:
        """As `ended`, and everything is charged."""
        payment = self.ended(user, partner, minutes=minutes)
        self.online.work()
        found: Payment = fresh(payment)
        return found

    def give_back(self, payment: Payment, amount: int) -> None:
        refund(payment, amount=amount, reason="too quiet", actor=self.city.staff, now=self.city.clock.advance(1))

    # ------------------------------------------------------------ what is over

    def paid_and_given_back(self) -> None:
        """A partner with an account is paid and pays back; a refund is made whole through a poisoned key."""
        self.city.post("partner3", "/partner/payoutAccount")
        self.online.account.finish_onboarding(self.city.partner("partner3").payout_account.reference)
        self.hear()
        ride = self.started("vera", "partner3")
        self.city.clock.advance(28 * 60)
        self.online.work()  # holds more
        self.city.clock.advance(6 * 60)
        self.city.post("partner3", "/rideEnd", {"rideId": str(ride.pk)})
        self.city.go_offline("partner3")
        self.online.work()
        self.give_back(self.city.payment(ride), 333)
        self.hear()
        self.city.post("vera", f"/ride/{ride.pk}/tip", {"amount": 300})
        self.online.work()
        whole = self.charged("max", "partner2")
        self.give_back(whole, whole.amount)
        self.online.fail("poisoned")
        self.online.work()

    def declined(self) -> None:
        """A hold that is declined, one that nobody confirms, and a fare that is tried again later."""
        self.booked("nina")
        self.booked("slow")
        self.city.clock.advance(301)
        self.online.work()
        set_region(hold_amount=0)
        self.city.go_online("partner2")
        self.charged("poor", "partner2")
        set_region(hold_amount=HOLD)

    def called_off(self) -> None:
        """Free of charge, and for a part of what is held."""
        request = self.booked("leaves")
        self.city.post("leaves", f"/cheerRequest/{request.pk}/cancel")
        self.online.work()
        self.city.go_online("partner2")
        ride = self.city.accept(self.booked("leaves"))
        self.city.clock.advance(180)
        self.city.post("leaves", f"/cheerRequest/{ride.request_id}/cancel")
        self.city.go_offline("partner2")
        self.online.work()

    def denied(self) -> None:
        """Two disputes: one won, one open."""
        self.lose_events()
        self.charged("denies", "partner2")
        self.hear()
        self.online.account.close_dispute(self.online.account.every("dispute")[0]["id"], won=True)
        self.hear()
        self.charged("denies", "partner2")
        self.hear()

    def mended(self) -> None:
        """A refund that the bank returns, a hold that was lost, and a session that ended where its cover did."""
        payment = self.charged("back", "partner2")
        self.give_back(payment, payment.amount)
        self.online.work()
        self.lose_events()
        self.online.account.settle_refunds()
        self.hear()
        ride = self.started("lost", "partner4")
        self.online.account.end_intent(self.online.intents()[0], "automatic")
        self.city.post("lost", f"/cheerRequest/{ride.request_id}/cancel", refused="ride_in_progress")
        self.city.post("partner4", "/rideEnd", {"rideId": str(ride.pk)})
        self.city.go_offline("partner4")
        self.online.work()
        set_region(holds_max=1)
        self.started("long", "partner2")
        self.city.clock.advance(30 * 60 + 1)
        self.online.work()
        self.city.go_offline("partner2")
        set_region(holds_max=3)

    # ------------------------------------------------------------ what is not over

    def days_pass(self) -> None:
        """Old events, answers, tickets and links are deleted, as by the sweep."""
        self.city.clock.advance(KEPT_S)
        prune_all(self.city.clock.now)

    def waiting_for_users(self) -> None:
        """Payments that their users must confirm, one of which is found confirmed, and a booking that waits."""
        set_region(hold_amount=0)
        for who in ("asked", "moved", "agrees"):
            self.city.go_online("partner2")
            payment = self.charged(who, "partner2")
        card = Attempt.objects.get(payment=payment).card_reference
        self.online.account.confirm_payment_intent(payment.third_party_reference_id, {"payment_method": card})
        self.online.account.answer_payment_intent(payment.third_party_reference_id, agrees=True)
        self.lose_events()
        reconcile_today(self.city.clock.now)
        set_region(hold_amount=HOLD)
        self.days_pass()
        self.booked("waits")

    def under_way(self) -> None:
        """A ride on the way, sessions that run, requests that wait, and a link and tickets that are good."""
        self.city.go_online("partner2", metres_away(-400))
        coming = self.city.accept(self.booked("soon"))
        self.city.post("soon", f"/cheerRequest/{coming.request_id}/share")
        self.started("now", "partner3")
        self.ending = self.started("done", "partner4")
        self.booked("far", place=FAR_AWAY)
        self.booked("next", place=metres_away(600))
        self.leaving = self.booked("leaves", place=FAR_AWAY)
        for who in ("soon", "partner1", "staff"):
            self.city.post(who, "/socketTicket")

    def not_done_yet(self) -> None:
        """The last seconds: what the provider is to do has been written down, and nothing of it has been done."""
        self.city.post("partner4", "/partner/payoutAccount")
        self.online.account.finish_onboarding(self.city.partner("partner4").payout_account.reference)
        self.online.events[:] = self.online.events[-2:]
        self.online.deliver()
        self.online.run_operations()  # hears of the account, which plans a transfer
        self.city.post("partner4", "/rideEnd", {"rideId": str(self.ending.pk)})  # captures
        self.online.save_card(self.city.user("moved"))  # the old card's attempt is being closed
        self.give_back(Payment.objects.get(user=self.city.user("lost")), 250)
        self.city.post("leaves", f"/cheerRequest/{self.leaving.pk}/cancel")  # lets go of its hold
        self.city.ask("fresh", place=FAR_AWAY)  # holds
        self.city.go_online("partner1", metres_away(600))
        self.city.match()  # offers, with a push on its way
