"""The ledger starts with what is owed and what has been paid so far."""

from django.db import migrations

import core.ids


def open_the_books(apps, schema_editor):
    """What was owed before there was a ledger; what was paid then was paid by hand."""
    Payment, Entry = apps.get_model("payments", "Payment"), apps.get_model("payments", "Entry")
    Attempt, AttemptTransition = apps.get_model("payments", "Attempt"), apps.get_model("payments", "AttemptTransition")

    Refund, RefundTransition = apps.get_model("payments", "Refund"), apps.get_model("payments", "RefundTransition")

    def book(payment, kind, debit, credit, source, at, amount=None):
        Entry.objects.create(
            id=core.ids.new_id(),
            kind=kind,
            source=str(source),
            debit=debit,
            credit=credit,
            amount=payment.amount if amount is None else amount,
            currency=payment.currency,
            payment=payment,
            at=at,
        )

    for payment in Payment.objects.filter(amount__gt=0).iterator():
        book(payment, "owed", "receivable", "sales", payment.pk, payment.created_at)
        if payment.status not in ("paid", "partially_refunded", "refunded"):
            continue
        attempt = Attempt.objects.create(
            id=core.ids.new_id(),
            payment=payment,
            kind="cash",
            number=1,
            amount=payment.amount,
            refunded_amount=payment.refunded_amount,
            status="succeeded",
            key=f"cash:{payment.pk}:1",
            created_at=payment.created_at,
        )
        for old, new in (("", "planned"), ("planned", "succeeded")):
            AttemptTransition.objects.create(
                subject=attempt, old=old, new=new, at=payment.created_at, reason="before there was a ledger"
            )
        Payment.objects.filter(pk=payment.pk).update(collecting_amount=payment.amount)
        book(payment, "collected", "cash", "receivable", attempt.pk, payment.created_at)
        if payment.refunded_amount:
            refund = Refund.objects.create(
                id=core.ids.new_id(),
                attempt=attempt,
                amount=payment.refunded_amount,
                status="succeeded",
                key=f"refund:{attempt.pk}:1",
                created_at=payment.created_at,
            )
            for old, new in (("", "planned"), ("planned", "succeeded")):
                RefundTransition.objects.create(
                    subject=refund, old=old, new=new, at=payment.created_at, reason="before there was a ledger"
                )
            book(payment, "refunded", "sales", "cash", refund.pk, payment.created_at, payment.refunded_amount)


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_ledger_attempts_and_holds")]

    operations = [migrations.RunPython(open_the_books, migrations.RunPython.noop)]
