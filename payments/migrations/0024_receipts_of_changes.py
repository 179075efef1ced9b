from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0023_books_append_only_again")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="receipt_due_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When a receipt of what has changed is to be mailed; empty once one was.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="told_amount",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Minor units that the last mailed bill says are paid and not given back.",
                null=True,
            ),
        ),
    ]
