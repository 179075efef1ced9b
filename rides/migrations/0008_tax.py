from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rides", "0007_closed_code_and_note"),
    ]

    operations = [
        migrations.AddField(
            model_name="ride",
            name="tax_inclusive",
            field=models.BooleanField(db_default=True, default=True, help_text="Whether prices include the tax."),
        ),
        migrations.AddField(
            model_name="ride",
            name="tax_rate",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Thousandths of a percent of fares and fees."
            ),
        ),
    ]
