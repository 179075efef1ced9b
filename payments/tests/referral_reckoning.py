"""The credit that inviting friends must have brought in a life of money, reckoned from its facts alone."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from payments.models import Credit, Payment, Refund
from payments.states import CreditKind, PaymentKind
from payments.tests.code_life import GIVEN
from payments.tests.facts import Facts


def wrong_referrals(facts: Facts) -> Iterator[str]:
    """Both sides of a referral are given credit once, for a fare that the newcomer has paid and keeps."""
    given: dict[UUID, list[Credit]] = defaultdict(list)
    for credit in Credit.objects.filter(kind=CreditKind.REFERRAL).select_related("referral__payment"):
        assert credit.referral is not None
        given[credit.referral.newcomer_id].append(credit)
    for newcomer in given.keys() | facts.life.invited.keys():
        both, credits = {newcomer, facts.life.invited.get(newcomer)}, given[newcomer]
        paid = [
            payment for payment in facts.payments.values() if payment.user_id == newcomer and _counts(facts, payment)
        ]
        # A refund that a bank has returned may have been one when the credit was due.
        refunded = Refund.objects.filter(attempt__payment__in=paid).exists()
        kept = bool(paid) and not refunded and not any(facts.disputed[payment.pk] for payment in paid)
        if credits and (len(credits) != 2 or {credit.user_id for credit in credits} != both or not paid):
            yield f"{newcomer}: {[(credit.user_id, credit.amount) for credit in credits]} was given for {paid}"
        if kept and not credits:
            yield f"{newcomer}: nothing was given for {paid}"
        if any(credit.amount != GIVEN[credit.currency] for credit in credits):
            yield f"{newcomer}: a wrong amount was given"


def _counts(facts: Facts, payment: Payment) -> bool:
    """Whether a fare was paid, and not by credit alone."""
    paid = facts.collected(payment.pk) == payment.amount
    return payment.kind == PaymentKind.FARE and paid and facts.credit[payment.pk] < payment.amount
