"""A pickup cap that goes by the demand around each partner."""

import django.core.validators
from django.db import migrations, models

FROZEN = """CREATE TRIGGER regions_policy_frozen BEFORE UPDATE ON regions_policy
            BEGIN SELECT RAISE(ABORT, 'regions_policy is never changed'); END"""


def freeze_again(apps, schema_editor):
    """SQLite makes the table anew for a constraint, without its trigger."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS regions_policy_frozen")
        schema_editor.execute(FROZEN)


class Migration(migrations.Migration):
    dependencies = [("regions", "0008_holidays")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, freeze_again),
        migrations.AddField(
            model_name="policy",
            name="cap_local",
            field=models.FloatField(
                blank=True,
                help_text="In a shortage: how far the cap goes by the demand around each partner; "
                "0: the same cap in the whole region.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(10),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="policy",
            name="cap_shortage",
            field=models.FloatField(
                blank=True,
                help_text="In a shortage, where the cap is not local: how many recent requests have the greatest cap.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(10000),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cap_local__isnull", True),
                    models.Q(("cap_local__gte", 0), ("cap_local__lte", 10)),
                    _connector="OR",
                ),
                name="policy_cap_local_sane",
            ),
        ),
        migrations.RunPython(freeze_again, migrations.RunPython.noop),
    ]
