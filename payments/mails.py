"""Mails to partners about their payouts, and to users about credit and about what they owe."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Sum
from django.urls import reverse
from django.utils import translation

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User
from core import amounts
from payments.models import Credit, Payment
from payments.states import UNPAID, AttemptStatus, PaymentKind, PaymentStatus


def tell_of_payout_account(user: User, *, now: datetime) -> None:
    """Tell a partner that they are paid to another account from now on. Call it in the transaction of the change."""
    mail_later("payout_account_changed", user, about=now.isoformat(), now=now)


def remind(payment: Payment, *, now: datetime) -> None:
    """Remind a user of a locked payment that is not paid. Call it in the transaction that counts the reminder."""
    mail_later("payment_unpaid", payment.user, about=f"{payment.pk}:{payment.reminders}", now=now)


@mail_kind("payment_unpaid")
def _payment_unpaid(mail: DeferredMail) -> EmailMultiAlternatives | None:
    payment = Payment.objects.get(pk=mail.about.partition(":")[0])
    if payment.status not in UNPAID or payment.frozen:
        return None
    collected = payment.attempts.filter(status=AttemptStatus.SUCCEEDED).aggregate(sum=Sum("amount", default=0))["sum"]
    confirm = payment.status == PaymentStatus.REQUIRES_ACTION
    with translation.override(mail.user.language or settings.LANGUAGE_CODE):
        context = {
            "amount": amounts.money(payment.amount - collected, payment.currency),
            "what": payment.get_kind_display(),
            "confirm": confirm,
            "retried": payment.attempts.filter(status=AttemptStatus.SCHEDULED).exists(),
            "blocks": payment.kind != PaymentKind.TIP,
            "link": settings.SITE_URL
            + (reverse("confirm-payment", args=[payment.pk]) if confirm else reverse("wallet")),
        }
    return message_to(mail.user, "payments/email/payment_unpaid", context)


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
