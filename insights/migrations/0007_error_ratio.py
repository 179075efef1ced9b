from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0006_trials"),
    ]

    operations = [
        migrations.AddField(
            model_name="forecaster",
            name="error_ratio",
            field=models.FloatField(
                help_text="What was missed in the last week, as a multiple of what was to be missed. Empty: not known.",
                null=True,
            ),
        ),
    ]
