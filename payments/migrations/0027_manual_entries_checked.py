"""Checks and an index in use. SQLite has made the ledger's table anew and lost its triggers: they come back here."""

import django.db.models.expressions
from django.db import migrations, models

from core.schema import AddCheckInUse, AddIndexInUse

TRIGGER = """CREATE TRIGGER IF NOT EXISTS payments_entry_no_{name} BEFORE {verb} ON payments_entry
             BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END"""


def forbid_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(TRIGGER.format(name=name, verb=name.upper()))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0026_manual_entries")]

    operations = [
        AddCheckInUse(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("written_off__lte", models.F("amount"))), name="payment_written_off_within_amount"
            ),
        ),
        AddCheckInUse(
            model_name="reversal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("debt", 0), ("settled", 0)),
                    models.Q(
                        (
                            "amount__gte",
                            django.db.models.expressions.CombinedExpression(models.F("debt"), "+", models.F("settled")),
                        ),
                        ("status", "failed"),
                    ),
                    _connector="OR",
                ),
                name="reversal_debt_and_settled_within_amount",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="reversal",
            name="reversal_debt_within_amount",
        ),
        AddIndexInUse(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("by_hand__isnull", False)), fields=["by_hand"], name="transfer_by_hand"
            ),
        ),
        migrations.RunPython(forbid_changes, migrations.RunPython.noop),
    ]
