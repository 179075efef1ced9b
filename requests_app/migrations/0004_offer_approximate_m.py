from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0003_coarse_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="approximate_m",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="The distance to the rough place that it shows; empty: it shows the exact one.",
                null=True,
            ),
        ),
    ]
