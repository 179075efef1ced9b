"""Partners' accounts with the provider (Stripe Connect): opening them, and following their state.

A partner can be paid while their account has the capability `transfers`. The provider tells of changes at an endpoint
of its own; besides, each account is a due row that is looked at on the way back from the provider's form, and daily.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Partner
from core import clock
from core.digests import keyed_digest
from core.errors import Conflict
from payments.books import payouts
from payments.configuration import connected
from payments.mails import tell_of_payout_account
from payments.models import PayoutAccount
from payments.operations import enqueue_on_commit, operation_key, retry_later
from payments.provider.gateway import Declined, Refused, Unreachable, gateway
from risk.flags import raise_flag
from risk.states import FlagKind

log = logging.getLogger(__name__)

LOOKED_AT_EVERY = timedelta(days=1)
# The answers about an account that is not ours any more, or that the provider has deleted.
GONE = ("account_invalid", "resource_missing")
BACK = "from"  # the parameter with which a partner comes back from the provider's form
Answer = dict[str, Any]


def onboarding_url(partner: Partner, *, return_url: str, now: datetime) -> str:
    """Returns the address where a partner gives the provider what it needs to pay them. Not inside a transaction.

    Raises: `Conflict` (`payouts_off`, `provider_unreachable`).
    """
    if not connected():
        raise Conflict("payouts_off", "Payouts are not set up here.")
    back = f"{return_url}?{urlencode({BACK: 'provider'})}"
    try:
        account = PayoutAccount.objects.filter(partner=partner).first()
        if account is None or account.disconnected_at is not None:
            account = _open(partner, account, now=now)
        return gateway().onboarding_url(account.reference, return_url=back)
    except (Unreachable, Refused, Declined):
        raise Conflict("provider_unreachable", "The payment provider does not answer. Try again soon.") from None


def _open(partner: Partner, before: PayoutAccount | None, *, now: datetime) -> PayoutAccount:
    """Open an account, or another one in place of one that has been disconnected."""
    key = operation_key("account", partner.pk, *([before.reference] if before else []))
    reference = str(gateway().create_account(key, metadata={"partnerId": str(partner.pk)})["id"])
    following = {"reference": reference, "ready": False, "next_step_at": now, "tries": 0}
    if before is not None:
        replaced = PayoutAccount.objects.filter(pk=before.pk, reference=before.reference)
        replaced.update(**following, disconnected_at=None, trouble="", payout_failure="")
    account, _ = PayoutAccount.objects.get_or_create(partner=partner, defaults={**following, "created_at": now})
    return account


def look_again(partner: Partner, *, now: datetime) -> None:
    """Ask soon how a partner's account stands, because they are back from the provider's form."""
    with transaction.atomic():
        account = PayoutAccount.objects.filter(partner=partner, ready=False, disconnected_at=None).first()
        if account is not None and (account.next_step_at is None or account.next_step_at > now):
            PayoutAccount.objects.filter(pk=account.pk).update(next_step_at=now, tries=0)
            enqueue_on_commit(account)


def step_account(partner_id: UUID) -> None:
    """Ask how a partner's account stands, then wait for a day."""
    row = PayoutAccount.objects.filter(pk=partner_id).first()
    if row is None or row.next_step_at is None or row.disconnected_at is not None:
        return
    now = clock.now()
    if connected():
        try:
            look_at(row.reference, now=now)
        except Unreachable as error:
            retry_later(row, error, now)
            return
    # An account that was disconnected meanwhile is looked at no more.
    still = PayoutAccount.objects.filter(pk=row.pk, reference=row.reference, disconnected_at=None)
    still.update(next_step_at=now + LOOKED_AT_EVERY, tries=0)


def look_at(reference: str, *, now: datetime) -> bool:
    """Fetch an account and apply its present state; returns whether it is ours. Raises `ProviderError`."""
    try:
        answer = gateway().account(reference)
    except Refused as refused:
        if refused.code not in GONE:
            raise
        return _disconnect(reference, now=now)
    return apply_account(answer, now=now)


def apply_account(answer: Answer, *, now: datetime) -> bool:
    """Apply an account's present state, and plan the payouts that waited for it; returns whether it is ours."""
    ready = (answer.get("capabilities") or {}).get("transfers") == "active"
    trouble = str((answer.get("requirements") or {}).get("disabled_reason") or "")[:100]
    account = PayoutAccount.objects.filter(reference=answer.get("id") or "-").first()
    if account is None:
        return False
    PayoutAccount.objects.filter(pk=account.pk).update(ready=ready, trouble=trouble)
    _note_destination(account.pk, answer, now=now)
    if ready:
        payouts.plan_all(account.partner_id, now=now)
    return True


def _disconnect(reference: str, *, now: datetime) -> bool:
    """Record that an account can't be reached any more: nothing is paid to it, and it is looked at no more."""
    log.error("payout account %s has been disconnected", reference)
    ours = PayoutAccount.objects.filter(reference=reference, disconnected_at=None)
    return bool(ours.update(ready=False, disconnected_at=now, next_step_at=None, trouble="disconnected"))


def apply_payout(account: str, payout: Answer, *, now: datetime) -> bool:
    """Record that a partner's bank has returned the provider's payment, or taken a later one."""
    status, code = payout.get("status"), str(payout.get("failure_code") or "failed")
    if status not in ("failed", "paid"):
        return False
    failure = code[:100] if status == "failed" else ""
    return bool(PayoutAccount.objects.filter(reference=account).update(payout_failure=failure))


def _note_destination(account_id: UUID, answer: Answer, *, now: datetime) -> None:
    """Store where the provider pays an account's money to; a change holds its payouts, is flagged and mailed."""
    found = (answer.get("external_accounts") or {}).get("data") or []
    chosen = next((each for each in found if each.get("default_for_currency")), found[0] if found else {})
    digest = keyed_digest("destination", str(chosen.get("fingerprint") or chosen.get("id") or ""))
    if not chosen:
        return
    with transaction.atomic():
        accounts = PayoutAccount.objects.select_for_update(no_key=True, of=("self",))
        account = accounts.select_related("partner__user").get(pk=account_id)
        if account.destination == digest:
            return
        changes = bool(account.destination)
        account.destination, account.changed_at = digest, now
        account.save(update_fields=["destination", "changed_at"])
        if changes:
            tell_of_payout_account(account.partner.user, now=now)
            raise_flag(
                FlagKind.PAYOUT_ACCOUNT_CHANGED,
                now=now,
                account_id=account.partner.user_id,
                subject=f"partner:{account.partner_id}",
                figure=0,
                limit=settings.PAYOUT_ACCOUNT_DELAY_DAYS,
            )
