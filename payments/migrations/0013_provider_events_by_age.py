from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0012_fewer_indexes")]

    operations = [
        AddIndexInUse(
            model_name="providerevent",
            index=models.Index(fields=["received_at"], name="provider_event_received"),
        ),
    ]
