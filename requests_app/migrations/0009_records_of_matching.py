"""Records of the matcher."""

import django.db.models.deletion
from django.db import migrations, models

import api.stored_json
import core.ids

RESULTS = [
    ("nobody_near", "Nobody near"),
    ("nobody_fits", "All who are near were left out"),
    ("beyond_cap", "Held back: all who fit are beyond the pickup cap"),
    ("outnumbered", "All who fit went to other requests"),
    ("taken_by_another", "The chosen partner was taken by another request meanwhile"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0006_tax"),
        ("requests_app", "0008_terms"),
    ]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="decision",
            field=api.stored_json.StoredJSONField(
                editable=False, help_text="Why this partner: matching/decisions.py.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Matching",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                (
                    "pairs",
                    api.stored_json.StoredJSONField(
                        help_text="Requests with the time waited, partners, and the pairs as places in these."
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="regions.region",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField(help_text="Counts the rows of its request, from 1.")),
                ("result", models.CharField(choices=RESULTS, max_length=16)),
                (
                    "wave",
                    models.PositiveSmallIntegerField(help_text="Index into MATCH_RADIUS_M of the widest search."),
                ),
                ("count", models.PositiveIntegerField(help_text="How many looks these were.")),
                ("searched", models.PositiveIntegerField(help_text="Partners found near.")),
                ("fit", models.PositiveIntegerField(help_text="Partners of these who could have been offered it.")),
                ("left_out", models.JSONField(help_text="How many of them were left out, by reason.")),
                (
                    "attempts",
                    models.PositiveIntegerField(help_text="`attempts` of the request after the last one."),
                ),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="looks",
                        to="requests_app.cheerrequest",
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
                "constraints": [
                    models.UniqueConstraint(fields=("request", "number"), name="look_once_per_request_and_number"),
                    models.CheckConstraint(
                        condition=models.Q(("result__in", [value for value, _ in RESULTS])), name="look_result_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="look_counts_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(("last_at__gte", models.F("first_at"))), name="look_ends_after_start"
                    ),
                ],
            },
        ),
    ]
