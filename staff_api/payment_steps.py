"""The steps that staff take with payments, over HTTP. Amounts are in minor units of the payment's currency."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import User
from api.fields import Integer, Text
from api.serializing import json_of
from backoffice.models import REASON_MAX_CHARS
from payments.admin.credits import APOLOGIZE
from payments.admin.payments import COLLECT, REFUND, SETTLE, WITHDRAW
from payments.apologies import apologize
from payments.manual_entries import AMOUNT_MAX, give_back, settle
from payments.models import Credit, ManualEntry, Payment
from payments.states import ManualStatus
from staff_api.payments import REGION
from staff_api.people_serializers import StaffPaymentSerializer
from staff_api.steps import Call, ReasonInput, Rows, Said

CHANGE_PAYMENT = "payments.change_payment"


class AmountInput(ReasonInput):
    """A part of a payment, in minor units; all of it if `amount` is left out."""

    amount = Integer(min_value=1, max_value=AMOUNT_MAX, required=False)

    class Meta:
        ref_name = "StaffAmountInput"


class CreditInput(serializers.Serializer[Any]):
    amount = Integer(min_value=1, max_value=AMOUNT_MAX)
    reason = Text(max_length=REASON_MAX_CHARS, help_text="The user reads it.")

    class Meta:
        ref_name = "StaffCreditInput"


class StaffPaymentStepSerializer(StaffPaymentSerializer):
    """A payment after a step. What is above the limit of the member of staff waits for somebody else's approval."""

    waitsForApproval = serializers.SerializerMethodField()

    class Meta:
        ref_name = "StaffPaymentStep"

    def get_waitsForApproval(self, row: Payment) -> bool:
        result = self.context["result"]
        return isinstance(result, ManualEntry) and result.status == ManualStatus.PROPOSED


def all_payments() -> QuerySet[Payment]:
    """Every payment."""
    return Payment.objects.all()


def _json(row: Payment, result: object) -> Said:
    return json_of(StaffPaymentStepSerializer, row, result=result)


def _amount(actor: User, said: Said) -> Said:
    return {"minor_units": said.get("amount")}


def _settle(payment: Payment, actor: User, reason: str, now: datetime, *, minor_units: int | None) -> ManualEntry:
    return settle(payment, amount=minor_units, reason=reason, author=actor, now=now)


def _refund(payment: Payment, actor: User, reason: str, now: datetime, *, minor_units: int | None) -> ManualEntry:
    return give_back(payment, amount=minor_units, reason=reason, author=actor, now=now)


def _credit(payment: Payment, actor: User, reason: str, now: datetime, *, minor_units: int) -> Credit:
    return apologize(payment, amount=minor_units, reason=reason, actor=actor, now=now)


ROWS = Rows(all_payments, CHANGE_PAYMENT, REGION, "paymentIds", StaffPaymentStepSerializer, _json)
PART: Said = {"amount": 500, "reason": "Came late"}
CALLS = (
    Call(SETTLE, "settle", body=AmountInput, values=_amount, told=("minor_units",), example=PART, run=_settle),
    Call(COLLECT, "collect", example={"reason": "It took place"}),
    Call(WITHDRAW, "withdraw", example={"reason": "They paid in cash"}),
    Call(REFUND, "refund", body=AmountInput, values=_amount, told=("minor_units",), example=PART, run=_refund),
    Call(APOLOGIZE, "giveCredit", body=CreditInput, values=_amount, told=("minor_units",), example=PART, run=_credit),
)
