import django.db.models.deletion
from django.db import migrations, models

import insights.trail.points


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_partner_steps_by_time"),
        ("insights", "0004_forecasts"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrailPiece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("begins_at", models.DateTimeField(db_index=True)),
                (
                    "points",
                    insights.trail.points.PointsField(
                        help_text="Seconds from the beginning, and the place, of each point."
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("partner", "begins_at"), name="trail_piece_once"),
                ],
            },
        ),
    ]
