from django.db import migrations, models

from core.schema import AddIndexInUse, DropIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0035_closed_periods")]

    operations = [
        AddIndexInUse(
            model_name="entry",
            index=models.Index(
                fields=["partner", "-at", "-id"],
                include=("currency", "kind", "amount", "debit", "credit"),
                name="entry_in_statement",
            ),
        ),
        DropIndexInUse(model_name="entry", name="entry_of_partner"),
        AddIndexInUse(
            model_name="payment",
            index=models.Index(
                fields=["partner", "created_at"],
                include=("kind", "currency", "amount", "tax_amount", "partner_share"),
                name="payment_in_statement",
            ),
        ),
        DropIndexInUse(model_name="payment", name="payment_of_partner"),
        AddIndexInUse(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("status", "netted")),
                fields=["partner", "created_at"],
                name="transfer_netted_of_partner",
            ),
        ),
    ]
