"""Mails to partners about their payouts."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User


def tell_of_payout_account(user: User, *, now: datetime) -> None:
    """Tell a partner that they are paid to another account from now on. Call it in the transaction of the change."""
    mail_later("payout_account_changed", user, about=now.isoformat(), now=now)


@mail_kind("payout_account_changed")
def _payout_account_changed(mail: DeferredMail) -> EmailMultiAlternatives:
    site = settings.SITE_URL
    context = {
        "days": f"{settings.PAYOUT_ACCOUNT_DELAY_DAYS:g}",
        "statement_url": site + reverse("partner-statement"),
        "password_url": site + reverse("account_reset_password"),
    }
    return message_to(mail.user, "payments/email/payout_account_changed", context)
