"""Limits on saving cards, against people who try out stolen ones. docs/fraud.md has the figures."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from api.addresses import network_of
from api.attempts import Attempt, TooManyAttempts
from payments.models import Customer
from risk.flags import raise_flag
from risk.states import FlagKind, TraceKind
from risk.traces import accounts_with

log = logging.getLogger(__name__)
COUNT_MAX = 32_767  # of a PositiveSmallIntegerField


class CardVelocity(TooManyAttempts):
    """Too many cards were tried, or declined in a row."""

    default_code = "card_velocity"
    default_detail = gettext_noop("Too many cards were tried. Try again later.")


def require_card_allowed(user: User, *, address: str, now: datetime) -> None:
    """Count one try to save a card for the account and its network address. Not inside a transaction.

    A refusal is flagged. Raises: `CardVelocity`.
    """
    customer = Customer.objects.filter(user=user).first()
    if customer is not None and customer.cards_blocked_until and customer.cards_blocked_until > now:
        raise CardVelocity((customer.cards_blocked_until - now).total_seconds())
    who, network = str(user.pk), network_of(address)
    attempt = Attempt([("card", who), ("card_day", who), ("card_address", network), ("card_address_day", network)])
    if attempt.exceeded:
        attempt.give_back()
        raise_flag(FlagKind.CARD_VELOCITY, now=now, account_id=user.pk, evidence={"limits": sorted(attempt.exceeded)})
        raise CardVelocity(max(attempt.exceeded.values()))


def note_decline(setup: dict[str, Any], *, now: datetime) -> bool:
    """Count a card that its bank has declined to be saved; returns whether the account is blocked from trying more.

    A repetition counts once more, which at worst blocks one try too early.
    """
    with transaction.atomic():
        customers = Customer.objects.select_for_update(no_key=True)
        customer = customers.filter(reference=str(setup.get("customer") or "-")).first()
        if customer is None:
            return False
        customer.card_declines = min(customer.card_declines + 1, COUNT_MAX)
        blocked = customer.card_declines >= settings.CARD_DECLINES_MAX
        if blocked:
            customer.cards_blocked_until = now + timedelta(seconds=settings.CARD_DECLINES_WAIT_S)
            raise_flag(
                FlagKind.CARD_VELOCITY,
                now=now,
                account_id=customer.pk,
                figure=customer.card_declines,
                limit=settings.CARD_DECLINES_MAX,
                evidence={"limits": ["declines_in_a_row"]},
            )
        customer.save(update_fields=["card_declines", "cards_blocked_until"])
    return blocked


def flag_shared_card(customer: Customer, fingerprint: str, *, now: datetime) -> None:
    """Flag an account that saves a card which many accounts have. Call it after the card has left its trace."""
    holders = 1 + accounts_with(TraceKind.CARD, fingerprint, other_than=customer.pk) if fingerprint else 0
    if holders > settings.CARD_ACCOUNTS_MAX:
        raise_flag(
            FlagKind.CARD_SHARED,
            now=now,
            account_id=customer.pk,
            figure=holders,
            limit=settings.CARD_ACCOUNTS_MAX,
            evidence={"card": customer.card_reference},
        )
