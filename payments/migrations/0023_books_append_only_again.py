"""The ledger refuses changes again. SQLite makes a table anew to change its checks, and loses its triggers with it."""

from django.db import migrations

TRIGGER = """CREATE TRIGGER IF NOT EXISTS payments_entry_no_{name} BEFORE {verb} ON payments_entry
             BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END"""


def forbid_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(TRIGGER.format(name=name, verb=name.upper()))


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_debts_by_partner")]

    operations = [migrations.RunPython(forbid_changes, migrations.RunPython.noop)]
