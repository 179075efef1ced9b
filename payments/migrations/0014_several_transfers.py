import django.db.models.deletion
from django.db import migrations, models

from core.schema import AddIndexInUse, DropReferenceUniqueness


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0013_provider_events_by_age")]

    operations = [
        AddIndexInUse(model_name="transfer", index=models.Index(fields=["payment"], name="transfer_payment")),
        DropReferenceUniqueness(
            model_name="transfer",
            name="payment",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transfers",
                to="payments.payment",
            ),
        ),
    ]
