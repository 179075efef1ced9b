from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0014_staff_regions"),
    ]

    operations = [
        AddIndexInUse(
            model_name="partnertransition",
            index=models.Index(fields=["at"], name="partner_step_by_time"),
        ),
    ]
