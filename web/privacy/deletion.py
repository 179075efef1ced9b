"""Deletion of an account. Rows about this person alone are deleted; rows that others need are anonymized."""

from collections.abc import Iterator
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import transaction

import positions
from accounts.applications import decide_application
from accounts.models import Partner, Role, User
from accounts.sign_out import credentials_changed
from accounts.states import APPLICATION_GRAPH, Application, PartnerStatus
from core.errors import Conflict, Forbidden
from core.security_log import record
from payments.models import Payment
from payments.provider import cards
from payments.states import UNPAID
from requests_app.models import CheerRequest
from requests_app.states import OPEN
from rides.models import Ride
from rides.states import ACTIVE
from web.privacy.holdings import HOLDINGS, Holding, Owner
from web.privacy.traces import redact_traces

NOBODY = "deleted-{id}@deleted.invalid"  # RFC 2606: an address that can't exist
REASON = "account deleted"


def obstacles(user: User) -> Iterator[str]:
    """The codes of everything that is still open and prevents the deletion."""
    if CheerRequest.objects.filter(user=user, status__in=OPEN).exists():
        yield "request_open"
    if Ride.objects.filter(user=user, status__in=ACTIVE).exists():
        yield "ride_active"
    partner = Partner.objects.filter(user=user).first()
    if partner and partner.status in (PartnerStatus.OFFERED, PartnerStatus.BUSY):
        yield "partner_at_work"
    # Without a payment provider nothing can be paid, so an unpaid payment would prevent the deletion for ever.
    if settings.STRIPE_SECRET_KEY and Payment.objects.filter(user=user, status__in=UNPAID).exists():
        yield "payment_open"


def delete_account(user: User, *, now: datetime) -> None:
    """Delete an account for good.

    Raises:
        Conflict: Something is still open; the code says what.
        Forbidden: The account is a staff account.
    """
    if user.role == Role.STAFF:
        raise Forbidden("permission_denied", "Accounts of staff are closed in the admin.")
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not locked.is_active:
            raise Conflict("already_deleted", "This account is closed already.")
        _retire(locked, now=now)
        for code in obstacles(locked):
            raise Conflict(code, "Something of this account is still open.")
        credentials_changed(locked)
        cards.forget(locked, now=now)
        owner = Owner.of(locked)
        redact_traces(owner, now=now)
        for holding in HOLDINGS:
            _let_go(holding, owner)
        locked.refresh_from_db()
        locked.email = NOBODY.format(id=locked.pk)
        locked.set_unusable_password()
        locked.save(update_fields=["email", "password"])
        transaction.on_commit(lambda: _forget_outside(owner))
        record("deletion", "ok", account=locked.pk, after_commit=True)


def _forget_outside(owner: Owner) -> None:
    """Remove what is outside the database: forget the position."""
    if owner.partner and owner.partner.region:
        positions.forget(owner.partner.region.slug, owner.partner.pk)


def _retire(user: User, *, now: datetime) -> None:
    """End a partner's application, so that no offers are made to them; a partner at work is left alone."""
    partner = Partner.objects.select_for_update(no_key=True).filter(user=user).first()
    if partner is None or partner.status in (PartnerStatus.OFFERED, PartnerStatus.BUSY):
        return
    for end in (Application.SUSPENDED, Application.REJECTED):
        if APPLICATION_GRAPH.allows(partner.application, end):
            decide_application(partner, end, actor=None, now=now, reason=REASON, notify=False)
            return


def _let_go(holding: Holding, owner: Owner) -> None:
    rows = apps.get_model(holding.model)._default_manager.filter(
        pk__in=list(holding.rows(owner).values_list("pk", flat=True))
    )
    if holding.kept is None:
        rows.delete()
    elif holding.kept:
        rows.update(**holding.kept)
