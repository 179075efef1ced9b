"""The rules that hold payouts: of new partners, to new accounts, and of anything that is flagged."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from payments.models import Payment, PayoutAccount, Transfer
from payments.states import TransferStatus
from risk.flags import raise_flag
from risk.models import Flag
from risk.states import FlagKind, FlagStatus

NEW_PARTNER, NEW_ACCOUNT = "new_partner", "new_payout_account"


@dataclass(slots=True)
class Verdict:
    """Why a payout is held, and until when; `review` if it also waits for staff."""

    reasons: list[str] = field(default_factory=list)
    until: datetime | None = None
    review: bool = False

    def wait(self, reason: str, until: datetime) -> None:
        """Hold the payout until a moment."""
        self.reasons.append(reason)
        self.until = max(until, self.until or until)

    def ask(self, *reasons: str) -> None:
        """Hold the payout for a review."""
        self.reasons += reasons
        self.review = True


def judge(payment: Payment, account: PayoutAccount, *, disputed: bool, now: datetime) -> Verdict:
    """Apply the rules to the payout of a locked payment; `disputed` if a bank has not decided yet about it."""
    verdict = Verdict()
    began = _first_earning(payment) + timedelta(days=settings.PAYOUT_DELAY_DAYS)
    if began > now:
        verdict.wait(NEW_PARTNER, began)
    settled = (account.changed_at or account.created_at) + timedelta(days=settings.PAYOUT_ACCOUNT_DELAY_DAYS)
    if settled > now:
        verdict.wait(NEW_ACCOUNT, settled)
    made = _payouts_made(payment)
    if made < settings.PAYOUTS_REVIEWED:
        verdict.ask(FlagKind.FIRST_PAYOUT)
        _flag_first_payout(payment, account, made, now=now)
    about = Flag.objects.filter(Q(payment=payment) | Q(ride=payment.ride_id)).exclude(status=FlagStatus.CLEARED)
    others = about.exclude(kind__in=[FlagKind.FIRST_PAYOUT, FlagKind.PAYMENT_DISPUTED])
    if kinds := sorted(set(others.values_list("kind", flat=True))):
        verdict.ask(*kinds)
    if disputed:  # until the dispute is decided, not until its flag has been seen
        verdict.ask(FlagKind.PAYMENT_DISPUTED)
    return verdict


def _first_earning(payment: Payment) -> datetime:
    """Returns when the first payment that the partner has a share of was opened."""
    earned = Payment.objects.filter(partner=payment.partner_id, partner_share__gt=0).order_by("created_at")
    return earned.values_list("created_at", flat=True)[0]


def _payouts_made(payment: Payment) -> int:
    """Returns the number of the partner's transfers, counted as far as the rule looks."""
    made = Transfer.objects.filter(partner=payment.partner_id).exclude(status=TransferStatus.FAILED).order_by()
    return made.values("pk")[: settings.PAYOUTS_REVIEWED].count()


def _flag_first_payout(payment: Payment, account: PayoutAccount, made: int, *, now: datetime) -> None:
    """Flag a partner's first payouts, in one flag for all of them."""
    raise_flag(
        FlagKind.FIRST_PAYOUT,
        now=now,
        account_id=account.partner.user_id,
        subject=f"partner:{account.partner_id}",
        figure=made,
        limit=settings.PAYOUTS_REVIEWED,
        evidence={"payment": payment.pk},
    )
