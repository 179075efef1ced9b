"""Indexes of tables in use. The ledger refuses changes again, since SQLite loses a table's triggers when it alters it."""

from django.db import migrations, models

from core.schema import AddIndexInUse

TRIGGER = """CREATE TRIGGER IF NOT EXISTS payments_entry_no_{name} BEFORE {verb} ON payments_entry
             BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END"""


def forbid_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(TRIGGER.format(name=name, verb=name.upper()))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0028_credits")]

    operations = [
        AddIndexInUse(
            model_name="entry",
            index=models.Index(fields=["user"], condition=models.Q(user__isnull=False), name="entry_of_user"),
        ),
        AddIndexInUse(
            model_name="attempt",
            index=models.Index(fields=["credit"], condition=models.Q(credit__isnull=False), name="attempt_of_credit"),
        ),
        migrations.RunPython(forbid_changes, migrations.RunPython.noop),
    ]
