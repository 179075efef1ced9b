from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0003_start_guard"),
    ]

    operations = [
        migrations.AddField(
            model_name="region",
            name="offer_detail",
            field=models.CharField(
                choices=[("exact", "The place and the note"), ("approximate", "Roughly where it is, and no note")],
                db_default="exact",
                default="exact",
                help_text="What partners see of a request before they accept it.",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.CheckConstraint(
                condition=models.Q(("offer_detail__in", ["exact", "approximate"])), name="region_offer_detail_known"
            ),
        ),
    ]
