"""The bank may stand in the ledger. The new check comes before the old one goes.

SQLite makes the table anew for it, and loses its triggers: they come back here.
"""

from django.db import migrations, models

from core.schema import AddCheckInUse

TRIGGER = """CREATE TRIGGER IF NOT EXISTS payments_entry_no_{name} BEFORE {verb} ON payments_entry
             BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END"""
IN_OPEN_PERIOD = """CREATE TRIGGER IF NOT EXISTS payments_entry_in_open_period BEFORE INSERT ON payments_entry
                    WHEN EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at)
                    BEGIN SELECT RAISE(ABORT, 'the period of this entry is closed'); END"""


def restore_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(TRIGGER.format(name=name, verb=name.upper()))
        schema_editor.execute(IN_OPEN_PERIOD)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0038_movements_and_differences")]

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
                            "bank",
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
                            "bank",
                        ],
                    ),
                ),
                name="entry_accounts_known",
            ),
        ),
        migrations.RemoveConstraint(model_name="entry", name="entry_accounts_in_chart"),
        migrations.RunPython(restore_triggers, migrations.RunPython.noop),
    ]
