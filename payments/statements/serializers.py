"""The JSON of partners' statements and tax summaries."""

from typing import Any

from rest_framework import serializers

from api.fields import SignedMoneySerializer, money
from payments.books.periods import PeriodKind
from payments.books.statement import Line, Parts, Statement, TaxMonth
from payments.models.ledger import EntryKind
from payments.states import PaymentKind

CURRENCY = r"^[a-z]{3}$"


class CurrencyInput(serializers.Serializer[Any]):
    """The query of a statement."""

    currency = serializers.RegexField(
        CURRENCY,
        required=False,
        max_length=3,
        trim_whitespace=False,
        help_text="ISO 4217, lower case; else your region's.",
    )


class PartsSerializer(serializers.Serializer[Any]):
    """The movements of a period. `paidOut` and `returned` are positive where they lower the balance."""

    fares = SignedMoneySerializer(help_text="Your share of fares.")
    fees = SignedMoneySerializer(help_text="Your share of cancellation and no-show fees.")
    tips = SignedMoneySerializer()
    returned = SignedMoneySerializer(help_text="Taken back over refunds and disputes, less what was given again.")
    adjusted = SignedMoneySerializer(help_text="Anything else, with its sign.")
    earned = SignedMoneySerializer(help_text="The sum of these.")
    paidOut = SignedMoneySerializer()
    payoutsReturned = SignedMoneySerializer(help_text="Payouts that were taken back after refunds.")


class StatementSerializer(PartsSerializer):
    """Your account in one currency over a period: `closing` is `opening` and all that has moved in between."""

    period = serializers.CharField()
    kind = serializers.ChoiceField(choices=PeriodKind.choices)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="The start of the next period.")
    timeZone = serializers.CharField()
    complete = serializers.BooleanField(help_text="Whether the period is over; until then it is as of now.")
    currencies = serializers.ListField(child=serializers.CharField(), help_text="Of all your entries until `end`.")
    opening = SignedMoneySerializer(help_text="What was owed to you at `start`.")
    closing = SignedMoneySerializer(help_text="What was owed to you at `end`.")
    unpaid = SignedMoneySerializer(help_text="The part of `closing` that users have not paid by now.")
    keptForDebts = SignedMoneySerializer(
        help_text="Shares of the period that were kept for debts instead of being paid out; the balances have both."
    )

    class Meta:
        ref_name = "PartnerStatement"


class StatementLineSerializer(serializers.Serializer[Any]):
    """One entry of your account. Payouts and what was taken back are negative."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    paymentKind = serializers.ChoiceField(choices=PaymentKind.choices, allow_null=True)
    rideId = serializers.UUIDField(allow_null=True)
    amount = SignedMoneySerializer()
    payoutId = serializers.UUIDField(allow_null=True)
    payoutReference = serializers.CharField(allow_null=True, help_text="The payment provider's id of the payout.")

    class Meta:
        ref_name = "PartnerStatementLine"


class TaxMonthSerializer(PartsSerializer):
    """A month of a tax summary, or the sum of all."""

    period = serializers.CharField()
    sessions = serializers.IntegerField()
    charged = SignedMoneySerializer(help_text="What users were charged for your work, before refunds.")
    tax = SignedMoneySerializer(help_text="The tax in that, before refunds.")
    commission = SignedMoneySerializer(help_text="Our part of the rest, before refunds.")

    class Meta:
        ref_name = "TaxSummaryMonth"


class TaxSummarySerializer(TaxMonthSerializer):
    """Your year in one currency, and its months."""

    timeZone = serializers.CharField()
    months = TaxMonthSerializer(many=True)

    class Meta:
        ref_name = "TaxSummary"


def statement_body(statement: Statement) -> dict[str, Any]:
    """Returns the values of a statement for its serializer."""
    period, currency = statement.period, statement.currency
    return {
        "period": period.name,
        "kind": period.kind,
        "start": period.start,
        "end": period.end,
        "timeZone": period.zone.key,
        "complete": statement.complete,
        "currencies": statement.currencies,
        "opening": money(statement.opening, currency),
        "closing": money(statement.closing, currency),
        "unpaid": money(statement.unpaid, currency),
        "keptForDebts": money(statement.kept_for_debts, currency),
        **_parts(statement.parts, currency),
    }


def line_body(line: Line, currency: str) -> dict[str, Any]:
    """Returns the values of a line for its serializer."""
    return {
        "at": line.at,
        "kind": line.kind,
        "paymentKind": line.payment_kind,
        "rideId": line.ride_id,
        "amount": money(line.amount, currency),
        "payoutId": line.payout.id if line.payout else None,
        "payoutReference": line.payout.reference if line.payout else None,
    }


def tax_month_body(month: TaxMonth, currency: str) -> dict[str, Any]:
    """Returns the values of a month, or of a year, for their serializer."""
    return {
        "period": month.period.name,
        "sessions": month.work.sessions,
        "charged": money(month.work.charged, currency),
        "tax": money(month.work.tax, currency),
        "commission": money(month.commission, currency),
        **_parts(month.parts, currency),
    }


def tax_summary_body(year: TaxMonth, months: list[TaxMonth], currency: str) -> dict[str, Any]:
    """Returns the values of a tax summary for its serializer."""
    return {
        **tax_month_body(year, currency),
        "timeZone": year.period.zone.key,
        "months": [tax_month_body(month, currency) for month in months],
    }


def _parts(parts: Parts, currency: str) -> dict[str, Any]:
    amounts = {
        "fares": parts.fares,
        "fees": parts.fees,
        "tips": parts.tips,
        "returned": parts.returned,
        "adjusted": parts.adjusted,
        "earned": parts.earned,
        "paidOut": parts.paid_out,
        "payoutsReturned": parts.payouts_returned,
    }
    return {name: money(amount, currency) for name, amount in amounts.items()}
