from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0031_tax_in_the_ledger")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="given_up_at",
            field=models.DateTimeField(
                blank=True, help_text="Since when nothing is tried by itself any more: staff decide.", null=True
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="reminder_due_at",
            field=models.DateTimeField(
                blank=True, help_text="When its user is reminded again, or it is given up.", null=True
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="reminders",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often its user was reminded that it is not paid."
            ),
        ),
    ]
