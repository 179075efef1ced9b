from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0019_accounts_of_disputes")]

    operations = [
        AddIndexInUse(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("status__in", ["due", "processing", "requires_action", "failed"])),
                fields=["partner", "currency"],
                include=("partner_share",),
                name="payment_unpaid_of_partner",
            ),
        ),
    ]
