"""The ledger refuses changes. A migration of its own: PostgreSQL makes no trigger where rows have just been written."""

from django.db import migrations

SQLITE = [
    """CREATE TRIGGER payments_entry_no_{name} BEFORE {verb} ON payments_entry
       BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END""",
]
POSTGRES = [
    """CREATE OR REPLACE FUNCTION payments_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'payments_entry is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER payments_entry_append_only BEFORE UPDATE OR DELETE ON payments_entry
       FOR EACH ROW EXECUTE FUNCTION payments_entry_append_only()""",
]


def forbid_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(SQLITE[0].format(name=name, verb=name.upper()))
    else:
        for statement in POSTGRES:
            schema_editor.execute(statement)


def allow_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS payments_entry_no_{name}")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_append_only ON payments_entry")
        schema_editor.execute("DROP FUNCTION IF EXISTS payments_entry_append_only()")


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_open_the_books")]

    operations = [migrations.RunPython(forbid_changes, allow_changes)]
