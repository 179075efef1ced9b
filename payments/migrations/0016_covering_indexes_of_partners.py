from django.db import migrations, models

from core.schema import AddIndexInUse, DropIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0015_payout_accounts_followed")]

    operations = [
        AddIndexInUse(
            model_name="entry",
            index=models.Index(
                fields=["partner", "-at"], include=("currency", "amount", "debit", "credit"), name="entry_of_partner"
            ),
        ),
        DropIndexInUse(model_name="entry", name="entry_partner"),
        AddIndexInUse(
            model_name="payment",
            index=models.Index(
                fields=["partner", "created_at"],
                include=("kind", "currency", "amount", "refunded_amount"),
                name="payment_of_partner",
            ),
        ),
        DropIndexInUse(model_name="payment", name="payment_partner_created"),
    ]
