"""Mails to partners about their payouts, and to users about credit."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User
from core import amounts
from payments.models import Credit


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


def tell_of_credit(credit: Credit, *, now: datetime) -> None:
    """Tell a user of credit that they were given. Call it in the transaction that gives it."""
    mail_later("credit_given", credit.user, about=credit.pk, now=now)


@mail_kind("credit_given")
def _credit_given(mail: DeferredMail) -> EmailMultiAlternatives | None:
    credit = Credit.objects.filter(pk=mail.about, left__gt=0).first()
    if credit is None:
        return None
    context = {
        "amount": amounts.money(credit.amount, credit.currency),
        "until": amounts.when(credit.expires_at),
        "wallet_url": settings.SITE_URL + reverse("wallet"),
    }
    return message_to(mail.user, "payments/email/credit_given", context)
