"""Policies say whether partners are advised where to wait. SQLite adds the column in place, and keeps the trigger."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0009_local_cap"),
    ]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="advises",
            field=models.BooleanField(
                blank=True, help_text="Whether free partners are told where it is likely to be busier.", null=True
            ),
        ),
    ]
