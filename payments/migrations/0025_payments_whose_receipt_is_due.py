from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0024_receipts_of_changes")]

    operations = [
        AddIndexInUse(
            model_name="payment",
            index=models.Index(
                fields=["receipt_due_at"],
                condition=models.Q(receipt_due_at__isnull=False),
                name="payment_receipt_due",
            ),
        ),
    ]
