"""Closed periods take no entries, and the ledger is found by time. The trigger is made last: SQLite loses it with a table."""

from django.db import migrations, models

from core.schema import AddIndexInUse

SQLITE = """CREATE TRIGGER IF NOT EXISTS payments_entry_in_open_period BEFORE INSERT ON payments_entry
            WHEN EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at)
            BEGIN SELECT RAISE(ABORT, 'the period of this entry is closed'); END"""
POSTGRES = [
    """CREATE OR REPLACE FUNCTION payments_entry_in_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at) THEN
           RAISE EXCEPTION 'the period of this entry is closed' USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER payments_entry_in_open_period BEFORE INSERT ON payments_entry
       FOR EACH ROW EXECUTE FUNCTION payments_entry_in_open_period()""",
]


def refuse_closed_periods(apps, schema_editor):
    for statement in [SQLITE] if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def allow_closed_periods(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_in_open_period")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_in_open_period ON payments_entry")
        schema_editor.execute("DROP FUNCTION IF EXISTS payments_entry_in_open_period()")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0034_periods")]

    operations = [
        AddIndexInUse(model_name="entry", index=models.Index(fields=["at"], name="entry_by_time")),
        migrations.RunPython(refuse_closed_periods, allow_closed_periods),
    ]
