"""The card on file: saved on the user's device with the provider, so that its number never comes here."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import User
from core.errors import Conflict, Missing, ServiceError
from notifications.events import Outbox, recorded
from payments import attempts, errands
from payments.gateway import ProviderError, Refused, Unreachable, enabled, gateway
from payments.models import Attempt, Customer, Payment
from payments.states import OPEN_ATTEMPTS, UNPAID, AttemptKind, AttemptStatus, PaymentStatus

log = logging.getLogger(__name__)


class Unavailable(ServiceError):
    """The payment provider does not answer (503)."""

    status = 503
    default_code = "provider_unreachable"
    default_detail = gettext_noop("The payment provider does not answer. Try again soon.")


def require_enabled() -> None:
    """Raises `Conflict` where payments are not charged online."""
    if not enabled():
        raise Conflict("payments_offline", "Cards are not charged here.")


def card_of(user: User) -> Customer:
    """The user's card. Raises `Missing`."""
    customer = Customer.objects.filter(user=user).exclude(card_reference="").first()
    if customer is None:
        raise Missing
    return customer


def begin_setup(user: User, *, now: datetime) -> dict[str, Any]:
    """A setup for the user's device to give a card to: `{"id", "client_secret"}`. Not inside a transaction."""
    require_enabled()
    try:
        customer = Customer.objects.filter(user=user).first()
        if customer is None:
            answer = gateway().create_customer(errands.key("customer", user.pk), metadata={"userId": str(user.pk)})
            customer, _ = Customer.objects.get_or_create(
                user=user, defaults={"reference": answer["id"], "created_at": now}
            )
        # A setup holds no money, and an abandoned one does no harm: each visit may have its own.
        key = errands.key("setup", user.pk, int(now.timestamp()))
        return gateway().create_setup_intent(key, customer=customer.reference, metadata={"userId": str(user.pk)})
    except ProviderError as error:
        log.warning("no setup begun: %s", error)
        raise Unavailable from None


def finish_setup(user: User, reference: str, *, now: datetime) -> Customer:
    """The device says that it is done: ask the provider, and believe only that.

    Raises `Conflict` (`card_not_saved`), `Missing` for a setup that isn't the user's, `Unavailable`.
    """
    require_enabled()
    try:
        setup = gateway().setup_intent(reference)
    except Refused:
        raise Missing from None
    except ProviderError:
        raise Unavailable from None
    customer = Customer.objects.filter(user=user).first()
    if customer is None or setup.get("customer") != customer.reference:
        raise Missing
    if setup.get("status") != "succeeded":
        raise Conflict("card_not_saved", "The card has not been saved: its bank declined, or was not asked yet.")
    apply_setup(setup, now=now)
    return Customer.objects.get(user=user)


def forget(user: User, *, now: datetime) -> None:
    """Plan to have the provider forget the cards of a user who leaves. Call it inside a transaction."""
    customer = Customer.objects.select_for_update().filter(user=user).first() if enabled() else None
    if customer is not None:
        Customer.objects.filter(pk=customer.pk).update(next_step_at=now)
        errands.soon(customer)


@errands.errand("customer", Customer)
def step_customer(user_id: Any) -> None:
    """Have the provider forget every card of a user. Twice does no harm: the second time there is none."""
    customer = Customer.objects.filter(pk=user_id).first()
    if customer is None or customer.next_step_at is None or not enabled():
        return
    try:
        for card in gateway().cards(customer.reference):
            _detach(str(card["id"]))
    except Refused as refused:  # the provider has no such customer
        log.warning("customer of %s: %s", user_id, refused.code)
    except Unreachable as error:
        errands.retry_later(customer, error, timezone.now())
        return
    Customer.objects.filter(pk=user_id).update(next_step_at=None)


def _detach(card: str) -> None:
    try:
        gateway().detach(errands.key("detach", card), card)
    except Refused:
        log.info("a card had been let go of before")


def apply_setup(setup: dict[str, Any], *, now: datetime) -> bool:
    """Take note of a card saved with the provider, once; what waited for a card is charged to it."""
    method = setup.get("payment_method")
    if setup.get("status") != "succeeded" or not isinstance(method, dict):
        return False
    card = method.get("card") or {}
    with recorded() as outbox:
        customer = Customer.objects.select_for_update().filter(reference=setup.get("customer") or "-").first()
        made_at = datetime.fromtimestamp(int(setup.get("created") or 0), UTC)
        # The newest setup counts, in whatever order we hear of them.
        if customer is None or (customer.set_up_at and customer.set_up_at >= made_at):
            return False
        customer.set_up_at = made_at
        customer.card_reference = method["id"]
        customer.card_brand = str(card.get("brand") or "")[:20]
        customer.card_last4 = str(card.get("last4") or "")[:4]
        customer.card_exp_month, customer.card_exp_year = card.get("exp_month"), card.get("exp_year")
        customer.save()
        _charge_what_waited(outbox, customer, now=now)
    return True


def _charge_what_waited(outbox: Outbox, customer: Customer, *, now: datetime) -> None:
    unpaid = Payment.objects.select_for_update().filter(user=customer.pk, status__in=UNPAID).order_by("pk")
    for payment in unpaid:
        pay(outbox, payment, now=now)


def pay_now(user: User, payment_id: Any, *, now: datetime) -> Payment:
    """The user is there and wants to pay. Raises `Missing`, `Conflict`."""
    require_enabled()
    with recorded() as outbox:
        payment = Payment.objects.select_for_update().filter(pk=payment_id, user=user).first()
        if payment is None:
            raise Missing
        if payment.status not in UNPAID:
            raise Conflict("already_paid", "This payment is not open.")
        if not Customer.objects.filter(user=user).exclude(card_reference="").exists():
            raise Conflict("card_required", "Save a card first.")
        if payment.status == PaymentStatus.REQUIRES_ACTION:
            raise Conflict("confirmation_required", "Your bank waits for you to confirm this payment.")
        pay(outbox, payment, now=now)
    return payment


def pay(outbox: Outbox, payment: Payment, *, now: datetime) -> None:
    """Try the user's present card for what is open of a locked payment, while they are there."""
    for attempt in payment.attempts.select_for_update().filter(status__in=OPEN_ATTEMPTS, kind=AttemptKind.CHARGE):
        attempt.payment = payment
        _hurry(outbox, attempt, now=now)
    if payment.status in UNPAID:
        attempts.charge(payment, now=now, off_session=False)
        attempts.derive(outbox, payment, now=now, reason="the user pays now")


def _hurry(outbox: Outbox, attempt: Attempt, *, now: datetime) -> None:
    if attempt.status == AttemptStatus.SCHEDULED:
        attempts.begin_scheduled(outbox, attempt, off_session=False, now=now)
        errands.soon(attempt)
    elif attempt.status == AttemptStatus.REQUIRES_ACTION:
        # Closed with the provider first: until then its user could still confirm it, and pay twice.
        attempts.close(attempt, failure=attempts.CARD_REPLACED, now=now)
