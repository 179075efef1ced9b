import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.schema import DropForeignKeyIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("risk", "0004_silent_partner"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="trace",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="traces",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
