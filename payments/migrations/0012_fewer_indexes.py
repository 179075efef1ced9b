import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.schema import DropForeignKeyIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0012_fewer_indexes"),
        ("payments", "0011_customers_who_are_deleted"),
        ("requests_app", "0007_fewer_indexes"),
        ("rides", "0006_fewer_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="attempt",
            name="payment",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="payments.payment",
            ),
        ),
        DropForeignKeyIndex(
            model_name="entry",
            name="partner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.partner",
            ),
        ),
        DropForeignKeyIndex(
            model_name="hold",
            name="request",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="requests_app.cheerrequest",
            ),
        ),
        DropForeignKeyIndex(
            model_name="payment",
            name="partner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.partner",
            ),
        ),
        DropForeignKeyIndex(
            model_name="payment",
            name="ride",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="payments", to="rides.ride"
            ),
        ),
        DropForeignKeyIndex(
            model_name="payment",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
