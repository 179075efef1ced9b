import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.schema import DropForeignKeyIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0012_fewer_indexes"),
        ("requests_app", "0007_fewer_indexes"),
        ("rides", "0005_silent_sign"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="ride",
            name="partner",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="rides", to="accounts.partner"
            ),
        ),
        DropForeignKeyIndex(
            model_name="ride",
            name="request",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rides",
                to="requests_app.cheerrequest",
            ),
        ),
        DropForeignKeyIndex(
            model_name="ride",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rides",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
