"""The tax of prices. SQLite makes the table of terms anew, and loses the trigger that freezes it."""

from django.db import migrations, models

SQLITE = """CREATE TRIGGER IF NOT EXISTS regions_terms_frozen BEFORE UPDATE ON regions_terms
            BEGIN SELECT RAISE(ABORT, 'regions_terms is never changed'); END"""


def freeze(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0005_terms"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="terms",
            name="terms_once",
        ),
        migrations.AddField(
            model_name="region",
            name="tax_inclusive",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Whether prices include the tax; it is added to them otherwise.",
            ),
        ),
        migrations.AddField(
            model_name="region",
            name="tax_name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As bills call it, for example VAT or Sales tax.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="region",
            name="tax_number",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="The seller's, as bills must show it.", max_length=40
            ),
        ),
        migrations.AddField(
            model_name="region",
            name="tax_rate",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="On fares and fees, in thousandths of a percent: 19000 is 19%. 0: none.",
            ),
        ),
        migrations.AddField(
            model_name="terms",
            name="tax_inclusive",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Whether prices include the tax; it is added to them otherwise.",
            ),
        ),
        migrations.AddField(
            model_name="terms",
            name="tax_name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As bills call it, for example VAT or Sales tax.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="terms",
            name="tax_number",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="The seller's, as bills must show it.", max_length=40
            ),
        ),
        migrations.AddField(
            model_name="terms",
            name="tax_rate",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="On fares and fees, in thousandths of a percent: 19000 is 19%. 0: none.",
            ),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tax_rate", 0),
                    models.Q(("tax_rate__lte", 100000), models.Q(("tax_name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="region_tax_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="terms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tax_rate", 0),
                    models.Q(("tax_rate__lte", 100000), models.Q(("tax_name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="terms_tax_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="terms",
            constraint=models.UniqueConstraint(
                fields=(
                    "region",
                    "currency",
                    "increment_amount",
                    "increment_s",
                    "cancellation_fee_amount",
                    "cancellation_grace_s",
                    "no_show_fee_amount",
                    "no_show_wait_s",
                    "hold_amount",
                    "holds_max",
                    "commission_bps",
                    "tax_name",
                    "tax_rate",
                    "tax_inclusive",
                    "tax_number",
                ),
                name="terms_once",
            ),
        ),
        migrations.RunPython(freeze, migrations.RunPython.noop),
    ]
