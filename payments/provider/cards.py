"""The card on file, saved with the provider from the user's device, so that its number never comes here."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from core import clock
from core.errors import Conflict, Missing, ServiceError
from notifications.events import Outbox, recorded
from payments.books.paying import pay
from payments.configuration import enabled, require_enabled
from payments.models import Attempt, Customer, Hold, Payment
from payments.operations import Operation, enqueue_on_commit, operation_key, retry_later
from payments.provider.card_limits import flag_shared_card, note_decline, require_card_allowed
from payments.provider.gateway import ProviderError, Refused, Unreachable, gateway
from payments.states import UNPAID
from risk.states import TraceKind
from risk.traces import leave_trace

log = logging.getLogger(__name__)

AFTER_CALLS = timedelta(minutes=1)  # when to look again whether nothing is to be called for a customer


class Unavailable(ServiceError):
    """The payment provider does not answer (503)."""

    status = 503
    default_code = "provider_unreachable"
    default_detail = gettext_noop("The payment provider does not answer. Try again soon.")


def card_of(user: User) -> Customer:
    """Returns the user's card. Raises `Missing`."""
    customer = Customer.objects.filter(user=user).exclude(card_reference="").first()
    if customer is None:
        raise Missing
    return customer


def try_setup(user: User, *, address: str, now: datetime) -> dict[str, Any]:
    """Begin a setup as `begin_setup`, within the limits of the account and of a network address.

    Raises: `CardVelocity`, and as `begin_setup`.
    """
    require_enabled()
    require_card_allowed(user, address=address, now=now)
    return begin_setup(user, now=now)


def begin_setup(user: User, *, now: datetime) -> dict[str, Any]:
    """Returns a setup to which the user's device gives a card: `{"id", "client_secret"}`. Not inside a transaction."""
    require_enabled()
    try:
        customer = Customer.objects.filter(user=user).first()
        if customer is None:
            answer = gateway().create_customer(operation_key("customer", user.pk), metadata={"userId": str(user.pk)})
            customer = _kept_customer(user, answer["id"], now=now)
        # A setup holds no money, and an abandoned one does no harm: each visit may have its own.
        key = operation_key("setup", user.pk, int(now.timestamp()))
        return gateway().create_setup_intent(key, customer=customer.reference, metadata={"userId": str(user.pk)})
    except ProviderError as error:
        log.warning("no setup begun: %s", error)
        raise Unavailable from None


def _kept_customer(user: User, reference: str, *, now: datetime) -> Customer:
    """Keep the provider's new customer. If the account was closed meanwhile, have it deleted and raise `Missing`."""
    with transaction.atomic():
        live = User.objects.select_for_update(no_key=True).get(pk=user.pk).is_active
        customer, _ = Customer.objects.get_or_create(user=user, defaults={"reference": reference, "created_at": now})
        if not live:
            forget(user, now=now)
    if not live:
        raise Missing
    return customer


def finish_setup(user: User, reference: str, *, now: datetime) -> Customer:
    """Save the card of a setup that the device calls done, as the provider confirms it.

    Raises: `Conflict` (`card_not_saved`), `Missing` for a setup that isn't the user's, `Unavailable`.
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
    """Plan to have the provider delete a user who leaves as its customer. Call it inside a transaction.

    Without a provider the plan waits until there is one again.
    """
    customer = Customer.objects.select_for_update(no_key=True).filter(user=user).first()
    if customer is not None:
        Customer.objects.filter(pk=customer.pk).update(next_step_at=now)
        if enabled():
            enqueue_on_commit(customer)


def step_customer(user_id: Any) -> None:
    """Have the provider delete a customer with every card. A repetition finds neither, and does no harm."""
    customer = Customer.objects.filter(pk=user_id).first()
    if customer is None or customer.next_step_at is None or not enabled():
        return
    if _has_calls_to_make(user_id):
        Operation.CUSTOMER.rows.postpone(user_id, clock.now() + AFTER_CALLS)
        return
    try:
        for card in gateway().cards(customer.reference):
            _detach(str(card["id"]))
        gateway().delete_customer(customer.reference)
    except Refused as refused:  # the provider has no such customer any more
        log.info("customer of %s: %s", user_id, refused.code)
    except Unreachable as error:
        retry_later(customer, error, clock.now())
        return
    Operation.CUSTOMER.rows.finish(user_id)


def _has_calls_to_make(user_id: Any) -> bool:
    """Whether holds or attempts of a user wait for calls, in which the provider looks for the customer."""
    waiting = {"next_step_at__isnull": False}
    holds = Hold.objects.filter(user=user_id, **waiting)
    return holds.exists() or Attempt.objects.filter(payment__user=user_id, **waiting).exists()


def _detach(card: str) -> None:
    try:
        gateway().detach(operation_key("detach", card), card)
    except Refused:
        log.info("a card had been detached before")


def apply_setup(setup: dict[str, Any], *, now: datetime) -> bool:
    """Apply a setup's present state: note its card, once, and charge the payments that waited for one."""
    method = setup.get("payment_method")
    if setup.get("status") != "succeeded" or not isinstance(method, dict):
        return False
    card = method.get("card") or {}
    with recorded() as outbox:
        customers = Customer.objects.select_for_update(no_key=True)
        customer = customers.filter(reference=setup.get("customer") or "-").first()
        made_at = datetime.fromtimestamp(int(setup.get("created") or 0), UTC)
        if customer is None or not User.objects.filter(pk=customer.pk, is_active=True).exists():
            return False  # the account was closed while the setup was under way
        # The newest setup counts, in whatever order they are applied.
        if customer.set_up_at and customer.set_up_at >= made_at:
            return False
        customer.set_up_at = made_at
        customer.card_reference, customer.card_declines = method["id"], 0
        customer.card_brand = str(card.get("brand") or "")[:20]
        customer.card_last4 = str(card.get("last4") or "")[:4]
        customer.card_exp_month, customer.card_exp_year = card.get("exp_month"), card.get("exp_year")
        customer.save()
        fingerprint = str(card.get("fingerprint") or "")
        leave_trace(customer.pk, TraceKind.CARD, fingerprint, now=now)
        flag_shared_card(customer, fingerprint, now=now)
        _charge_unpaid(outbox, customer, now=now)
        outbox.result(customer)
    return True


def decline_setup(setup: dict[str, Any], *, now: datetime) -> None:
    """Count a setup whose card was declined. Beyond the limit the provider closes it: its secret tries no more cards.

    Not inside a transaction. Raises `Unreachable`.
    """
    if note_decline(setup, now=now):
        reference = str(setup["id"])
        try:
            gateway().cancel_setup_intent(operation_key("cancel-setup", reference), reference)
        except Refused:
            log.info("a setup was over before it was closed")


def _charge_unpaid(outbox: Outbox, customer: Customer, *, now: datetime) -> None:
    unpaid = Payment.objects.select_for_update(no_key=True).filter(user=customer.pk, status__in=UNPAID, frozen=False)
    for payment in unpaid.order_by("pk"):
        pay(outbox, payment, now=now)
