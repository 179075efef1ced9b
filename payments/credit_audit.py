"""The audit's checks of credit."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from backoffice.audit import CHUNK, GRACE, OVERDUE, Checks, Result, unless, wrong_rows
from payments.books.ledger import CREDITS
from payments.models import Credit, Entry, Payment, PromotionCode, Referral
from payments.states import AttemptKind, ReferralStatus

CHECKS = Checks()


@CHECKS
def credits_add_up(now: datetime) -> Result:
    """A credit is what is left of it, what ended, and what payments took and refunds did not give back."""
    spent = Coalesce(Sum(F("uses__amount") - F("uses__refunded_amount")), 0)
    return unless(Credit.objects.annotate(_spent=spent), Q(amount=F("left") + F("ended") + F("_spent")))


@CHECKS
def credit_is_booked(now: datetime) -> Result:
    """Each user's credit is the balance of their account in the ledger, in each currency."""
    left = _by_user(Credit.objects.filter(left__gt=0), Sum("left"))
    booked = _by_user(Entry.objects.filter(credit=CREDITS), Sum("amount"))
    for owner, amount in _by_user(Entry.objects.filter(debit=CREDITS), Sum("amount")).items():
        booked[owner] = booked.get(owner, 0) - amount
    result = Result(len(booked))
    for owner in left.keys() | booked.keys():
        if left.get(owner, 0) != booked.get(owner, 0):
            result.note(owner[0])
    return result


def _by_user(rows: QuerySet[Credit] | QuerySet[Entry], amount: Sum) -> dict[tuple[object, str], int]:
    sums = rows.order_by().values_list("user", "currency").annotate(_sum=amount)
    return {(user, currency): total for user, currency, total in sums.iterator(chunk_size=CHUNK)}


@CHECKS
def payments_count_their_credit(now: datetime) -> Result:
    """A payment counts what credit has paid of it."""
    counted = Coalesce(Sum("attempts__amount", filter=Q(attempts__kind=AttemptKind.CREDIT)), 0)
    paid = Payment.objects.filter(Q(credit_amount__gt=0) | Q(attempts__kind=AttemptKind.CREDIT))
    return unless(
        Payment.objects.filter(pk__in=paid.values("pk")).annotate(_counted=counted), Q(credit_amount=F("_counted"))
    )


@CHECKS
def budgets_count_what_is_given(now: datetime) -> Result:
    """A promotion code's budget counts the credit given for it, less what of that has ended."""
    given = Coalesce(Sum(F("credits__amount") - F("credits__ended")), 0)
    return unless(PromotionCode.objects.annotate(_given=given), Q(given_amount=F("_given")))


@CHECKS.of_kind(OVERDUE)
def expired_credit_is_ended(now: datetime) -> Result:
    """Credit that has expired is ended in time."""
    credits = Credit.objects.all()
    return wrong_rows(credits, credits.filter(left__gt=0, expires_at__lt=now - GRACE))


@CHECKS
def referrals_are_given_to_both(now: datetime) -> Result:
    """A referral that was given has the newcomer's credit, and no other has any."""
    credits = Credit.objects.filter(referral=OuterRef("pk"))
    referrals, given = Referral.objects.all(), Q(status=ReferralStatus.GIVEN)
    lacking = referrals.filter(given).exclude(Exists(credits.filter(user=OuterRef("newcomer"))))
    return wrong_rows(referrals, lacking, referrals.exclude(given).filter(Exists(credits)))


@CHECKS.of_kind(OVERDUE)
def referrals_are_settled(now: datetime) -> Result:
    """A referral is settled when it is due."""
    referrals = Referral.objects.all()
    return wrong_rows(referrals, referrals.filter(due_at__lt=now - GRACE))
