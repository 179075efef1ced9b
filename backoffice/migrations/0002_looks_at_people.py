"""Find the last look of a member of staff at a person."""

from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("backoffice", "0001_staff_actions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="staffaction",
            name="action",
            field=models.CharField(help_text="The name of a step; or add, change, delete or looked.", max_length=40),
        ),
        migrations.AlterField(
            model_name="staffaction",
            name="detail",
            field=models.CharField(
                blank=True, help_text="Names of changed fields, an amount, or the row looked at.", max_length=200
            ),
        ),
        AddIndexInUse(
            model_name="staffaction",
            index=models.Index(
                condition=models.Q(("action", "looked")),
                fields=["actor", "subject", "at"],
                name="staff_action_looked",
            ),
        ),
    ]
