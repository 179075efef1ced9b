"""Rules that staff try on recorded days."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import api.stored_json
import core.ids
import insights.sandbox.models

FAILURES = ["no_requests", "rules", "too_long", "broke"]


def key():
    return models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)


def account():
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)


def region():
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="regions.region"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0005_trail"),
        ("regions", "0007_policies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Trial",
            fields=[
                ("id", key()),
                ("day", models.DateField(help_text="In the region's time. It must be over.")),
                (
                    "name",
                    models.CharField(help_text="What the rules are called, for example: wider.", max_length=60),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, default="", help_text="What you want to know, for other staff.", max_length=200
                    ),
                ),
                (
                    "changes",
                    models.JSONField(
                        default=insights.sandbox.models.nothing,
                        help_text="What the rules change of those in force, by field.",
                    ),
                ),
                (
                    "partners",
                    models.FloatField(
                        default=1.0,
                        help_text="How many times as many partners there are: 0.8 is a fifth fewer.",
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(10.0),
                        ],
                    ),
                ),
                (
                    "seed",
                    models.PositiveIntegerField(
                        default=1, help_text="Of all that is drawn. The same seed draws the same."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for a worker"),
                            ("running", "Runs"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_index=True, help_text="When a worker takes it; empty at its end.", null=True
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "stage",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reading", "Reads the day"),
                            ("in_force", "Replays the rules that were in force"),
                            ("variant", "Replays the rules to try"),
                            ("comparing", "Compares"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_requests", "The region has no requests of that day"),
                            ("rules", "Its rules do not go together with those that were in force on that day"),
                            ("too_long", "It took too long"),
                            ("broke", "It broke on our side; the log says why"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                (
                    "result",
                    api.stored_json.StoredJSONField(
                        editable=False, help_text="sandbox/report.py says what is in it.", null=True
                    ),
                ),
                ("author", account()),
                (
                    "policy",
                    models.ForeignKey(
                        help_text="The version that has put its rules in force.",
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="regions.policy",
                    ),
                ),
                ("region", region()),
            ],
            options={
                "indexes": [models.Index(fields=["region", "-created_at"], name="trial_region")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(partners__gte=0, partners__lte=10.0), name="trial_partners_sane"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            status__in=["waiting", "running"],
                            due_at__isnull=False,
                            ended_at__isnull=True,
                            failure="",
                            result__isnull=True,
                        )
                        | Q(
                            status="done",
                            due_at__isnull=True,
                            ended_at__isnull=False,
                            failure="",
                            result__isnull=False,
                        )
                        | Q(
                            status="failed",
                            due_at__isnull=True,
                            ended_at__isnull=False,
                            failure__in=FAILURES,
                            result__isnull=True,
                        ),
                        name="trial_status_as_told",
                    ),
                    models.CheckConstraint(
                        condition=Q(policy__isnull=True) | Q(status="done"), name="trial_in_force_was_done"
                    ),
                ],
            },
        ),
    ]
