"""The facts of a life of money: what was agreed, and what the provider, staff and credit have moved."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any, Protocol
from uuid import UUID

from accounts.models import Partner
from payments.models import Attempt, ManualEntry, Payment, Refund
from payments.states import AttemptKind, AttemptStatus, ManualKind, ManualStatus, PaymentKind, RefundStatus
from payments.tests.sessions import Prices
from payments.tests.two_sides import given_back
from rides.models import Ride
from rides.states import RideStatus
from tests.cast import Clock
from tests.online import Online

TAX_WHOLE, BPS = 100_000, 10_000
STEPS = {"kwd": 10}  # an amount of kwd ends in 0
LOST = ("lost", "prevented")


class Life(Protocol):
    """A source of facts: a random life, or a city."""

    provider: Online
    clock: Clock
    settings: Any
    began: datetime
    partners: Sequence[Partner]
    agreed: Mapping[UUID, Prices]  # the prices at the booking, by request
    tips: Mapping[UUID, int]  # by ride
    not_there: Set[UUID]  # the rides whose users were not
    invited: Mapping[UUID, UUID]  # referrers by newcomer


@dataclass(frozen=True, slots=True)
class Bill:
    """The amount that a user is to be charged, the tax in it, and the partner's share of it."""

    currency: str
    amount: int
    tax: int
    share: int


def rounded_down(amount: Fraction, currency: str) -> int:
    """An amount, less what can't be moved in its currency."""
    step = STEPS.get(currency, 1)
    return floor(amount / step) * step


def part_of(whole: int, payment: Payment, moved: int) -> int:
    """The part of a share or tax that goes with what was moved of its payment."""
    if moved == payment.amount:
        return whole
    return rounded_down(Fraction(whole * moved, payment.amount), payment.currency)


def billed(price: int, prices: Prices) -> Bill:
    """The bill of a fare or fee: the tax is rounded half up, and our commission of the rest down."""
    currency = prices["currency"]
    rate = Fraction(prices["tax_rate"], TAX_WHOLE)
    inclusive = prices["tax_inclusive"]
    exact = price * rate / (1 + rate if inclusive else 1)
    tax = rounded_down(exact + Fraction(STEPS.get(currency, 1), 2), currency)
    net = price - tax if inclusive else price
    commission = rounded_down(Fraction(net * prices["commission_bps"], BPS), currency)
    return Bill(currency, net + tax, tax, net - commission)


def bills_of(life: Life) -> dict[tuple[UUID, str], Bill]:
    """The bills that rides make by themselves, by ride and kind."""
    found = {}
    for ride in Ride.objects.select_related("request"):
        prices = life.agreed[ride.request_id]
        if ride.status == RideStatus.COMPLETED and ride.start_time and ride.end_time:
            increments = -((ride.start_time - ride.end_time) // timedelta(seconds=ride.tariff_increment_s))
            price = max(1, increments) * prices["increment_amount"]
            found[ride.pk, PaymentKind.FARE.value] = billed(price, prices)
        elif ride.pk in life.not_there:
            found[ride.pk, PaymentKind.NO_SHOW_FEE.value] = billed(prices["no_show_fee_amount"], prices)
        elif ride.cancelled_at and ride.cancelled_at - ride.accepted_at > timedelta(seconds=120):
            found[ride.pk, PaymentKind.CANCELLATION_FEE.value] = billed(prices["cancellation_fee_amount"], prices)
        if ride.pk in life.tips:
            tip = life.tips[ride.pk]
            found[ride.pk, PaymentKind.TIP.value] = Bill(prices["currency"], tip, 0, tip)
    return found


class Facts:
    """The money that has moved for each payment, by its id: at the provider, by hand, and by credit."""

    def __init__(self, life: Life) -> None:
        self.life, self.account = life, life.provider.account
        self.payments = {payment.pk: payment for payment in Payment.objects.select_related("ride")}
        self.by_card, self.cash, self.credit = Counter[UUID](), Counter[UUID](), Counter[UUID]()
        self.refunds: dict[UUID, Counter[str]] = defaultdict(Counter)  # by way
        self.sent: Counter[UUID] = Counter()  # to partners by the provider
        self.disputed: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        self.manual: dict[str, Counter[Any]] = defaultdict(Counter)  # by kind, then by payment or currency
        self.read_provider()
        self.read_ours()

    def read_provider(self) -> None:
        no_tips = [payment for payment in self.payments.values() if payment.kind != PaymentKind.TIP]
        of_request = {str(payment.ride.request_id): payment.pk for payment in no_tips}
        of_intent = {}
        for intent in self.life.provider.intents():
            named = intent["metadata"].get("paymentId")
            payment = UUID(named) if named else of_request.get(intent["metadata"].get("requestId"))
            if payment is not None:
                of_intent[intent["id"]] = payment
                self.by_card[payment] += intent["amount_received"]
        for thing in given_back(self.life.provider):
            self.refunds[of_intent[thing["payment_intent"]]]["card"] += thing["amount"]
        for thing in self.account.every("transfer"):
            self.sent[UUID(thing["metadata"]["paymentId"])] += thing["amount"] - thing["amount_reversed"]
        for thing in self.account.every("dispute"):
            self.disputed[of_intent[thing["payment_intent"]]].append(thing)

    def read_ours(self) -> None:
        for row in ManualEntry.objects.filter(status=ManualStatus.BOOKED):
            self.manual[row.kind][row.payment_id or row.currency] += row.amount
        self.cash.update(self.manual[ManualKind.RECEIVED])
        credit = Attempt.objects.filter(kind=AttemptKind.CREDIT, status=AttemptStatus.SUCCEEDED)
        for payment, amount in credit.values_list("payment", "amount"):
            self.credit[payment] += amount
        ours = Refund.objects.filter(status=RefundStatus.SUCCEEDED, attempt__kind__in=["cash", "credit"])
        for payment, way, amount in ours.values_list("attempt__payment", "attempt__kind", "amount"):
            self.refunds[payment][way] += amount

    def collected(self, payment: UUID) -> int:
        """The money that has come in, before refunds."""
        return self.by_card[payment] + self.cash[payment] + self.credit[payment]

    def refunded(self, payment: UUID) -> int:
        """The money that has gone back."""
        return self.refunds[payment].total()

    def tax_kept(self, payment: Payment) -> int:
        """The tax that refunds have left, of which each takes its part, rounded down on the sum of all."""
        return payment.tax_amount - part_of(payment.tax_amount, payment, self.refunded(payment.pk))

    def withdrawn(self, payment: UUID, *, lost: bool) -> int:
        """The part of a payment that banks have charged back and not returned: lost, or still to be decided."""
        about = (each for each in self.disputed[payment] if (each["status"] in LOST) == lost)
        return -sum(move["amount"] for each in about for move in each["balance_transactions"])

    def dispute_fees(self, payment: UUID) -> int:
        """The cost of a payment's disputes."""
        return sum(move["fee"] for each in self.disputed[payment] for move in each["balance_transactions"])

    def written_off(self, payment: Payment) -> int:
        """The part that is no longer expected and has not come in either."""
        return min(self.manual[ManualKind.WRITTEN_OFF][payment.pk], payment.amount - self.collected(payment.pk))

    def share_left(self, payment: Payment) -> int | None:
        """The partner's share after refunds, losses and staff's changes; None if it depends on their order."""
        raised = self.manual[ManualKind.PARTNER_CREDITED][payment.pk]
        lowered = self.manual[ManualKind.PARTNER_CHARGED][payment.pk]
        refunded, share = self.refunded(payment.pk), payment.partner_share
        ever_refunded = Refund.objects.filter(attempt__payment=payment).exclude(reference="", status="failed").exists()
        borne = self.disputed[payment.pk] if self.life.settings.DISPUTES_BORNE_BY == "partner" else []
        if (lowered and (ever_refunded or borne)) or (borne and (ever_refunded or len(borne) > 1)):
            return None
        lost = self.withdrawn(payment.pk, lost=True) if borne else 0
        return share - part_of(share, payment, refunded + lost) + raised - lowered
