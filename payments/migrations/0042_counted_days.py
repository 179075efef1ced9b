"""The sums of days. An entry that is booked into a counted day later deletes them, by a trigger."""

from django.db import migrations, models

SQLITE = """CREATE TRIGGER IF NOT EXISTS payments_entry_uncounts_its_day AFTER INSERT ON payments_entry
            BEGIN DELETE FROM payments_countedday WHERE day = date(NEW.at); END"""
POSTGRES = [
    """CREATE OR REPLACE FUNCTION payments_entry_uncounts_its_day() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         DELETE FROM payments_countedday WHERE day = (NEW.at AT TIME ZONE 'UTC')::date;
         RETURN NULL;
       END $$""",
    """CREATE TRIGGER payments_entry_uncounts_its_day AFTER INSERT ON payments_entry
       FOR EACH ROW EXECUTE FUNCTION payments_entry_uncounts_its_day()""",
]


def uncount(apps, schema_editor):
    for statement in [SQLITE] if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def keep_counted(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_uncounts_its_day")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_uncounts_its_day ON payments_entry")
        schema_editor.execute("DROP FUNCTION IF EXISTS payments_entry_uncounts_its_day()")


class Migration(migrations.Migration):
    dependencies = [("payments", "0041_refunds_by_decision")]

    operations = [
        migrations.CreateModel(
            name="CountedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                (
                    "sums",
                    models.JSONField(
                        blank=True,
                        help_text="Each with region, currency, kind, debit, credit, amount, number of entries.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.RunPython(uncount, keep_counted),
    ]
