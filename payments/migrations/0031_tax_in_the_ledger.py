"""Tax may stand in the ledger. The new check comes before the old one goes. SQLite makes the table anew for it."""

from django.db import migrations, models

from core.schema import AddCheckInUse

TRIGGER = """CREATE TRIGGER IF NOT EXISTS payments_entry_no_{name} BEFORE {verb} ON payments_entry
             BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END"""


def forbid_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(TRIGGER.format(name=name, verb=name.upper()))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0030_tax")]

    operations = [
        AddCheckInUse(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "credit__in",
                        [
                            "receivable",
                            "sales",
                            "partners",
                            "provider",
                            "cash",
                            "disputed",
                            "fees",
                            "written_off",
                            "credits",
                            "promotions",
                            "tax",
                        ],
                    ),
                    (
                        "debit__in",
                        [
                            "receivable",
                            "sales",
                            "partners",
                            "provider",
                            "cash",
                            "disputed",
                            "fees",
                            "written_off",
                            "credits",
                            "promotions",
                            "tax",
                        ],
                    ),
                ),
                name="entry_accounts_in_chart",
            ),
        ),
        AddCheckInUse(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tax_amount", 0),
                    (
                        "tax_amount__lte",
                        models.F("amount") - models.F("partner_share"),
                    ),
                    _connector="OR",
                ),
                name="payment_tax_within_amount",
            ),
        ),
        migrations.RemoveConstraint(model_name="entry", name="entry_accounts_listed"),
        migrations.RunPython(forbid_changes, migrations.RunPython.noop),
    ]
