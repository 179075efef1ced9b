from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_address_change"),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="answers",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text='Their last ones to offers: "+" or "-".',
                max_length=100,
            ),
        ),
    ]
