from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0021_debts_and_refusals")]

    operations = [
        AddIndexInUse(
            model_name="reversal",
            index=models.Index(fields=["transfer"], condition=models.Q(debt__gt=0), name="reversal_in_debt"),
        ),
    ]
