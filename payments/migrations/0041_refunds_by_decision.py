from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0040_refunds_decided")]

    operations = [
        AddIndexInUse(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("manual_entry__isnull", False)),
                fields=["manual_entry"],
                name="refund_of_manual_entry",
            ),
        ),
    ]
