import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.schema import DropForeignKeyIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0012_fewer_indexes"),
        ("requests_app", "0006_closed_code_known"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="cheerrequest",
            name="request_type",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="requests_app.requesttype",
            ),
        ),
        DropForeignKeyIndex(
            model_name="cheerrequest",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cheer_requests",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        DropForeignKeyIndex(
            model_name="offer",
            name="partner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="offers",
                to="accounts.partner",
            ),
        ),
        DropForeignKeyIndex(
            model_name="offer",
            name="request",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="offers",
                to="requests_app.cheerrequest",
            ),
        ),
        DropForeignKeyIndex(
            model_name="scheduledrequest",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scheduled_requests",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
