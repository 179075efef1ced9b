import django.db.models.deletion
from django.db import migrations, models

from core.schema import AddIndexInUse, DropForeignKeyIndex


class Migration(migrations.Migration):
    """The region's own index gives way to one with the time, which serves both."""

    atomic = False

    dependencies = [
        ("regions", "0009_local_cap"),
        ("requests_app", "0012_planned_cheers_that_were_not_taken"),
    ]

    operations = [
        AddIndexInUse(
            model_name="cheerrequest",
            index=models.Index(fields=["region", "-created_at"], name="request_region"),
        ),
        DropForeignKeyIndex(
            model_name="cheerrequest",
            name="region",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cheer_requests",
                to="regions.region",
            ),
        ),
    ]
