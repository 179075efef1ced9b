"""Requests and planned cheers keep the prices that they were made under."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0005_terms"),
        ("requests_app", "0007_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="cheerrequest",
            name="terms",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The prices when it was made; empty: made by an older release, and under the region's.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="regions.terms",
            ),
        ),
        migrations.AddField(
            model_name="scheduledrequest",
            name="terms",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The prices when it was planned; empty: planned under an older release.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="regions.terms",
            ),
        ),
    ]
