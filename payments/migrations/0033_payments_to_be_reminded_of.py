from django.db import migrations, models

from core.schema import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0032_reminders")]

    operations = [
        AddIndexInUse(
            model_name="payment",
            index=models.Index(
                fields=["reminder_due_at"],
                condition=models.Q(reminder_due_at__isnull=False),
                name="payment_reminder_due",
            ),
        ),
        AddIndexInUse(
            model_name="payment",
            index=models.Index(
                fields=["given_up_at"], condition=models.Q(given_up_at__isnull=False), name="payment_given_up"
            ),
        ),
    ]
