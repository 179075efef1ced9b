"""Rules that decide beside those in force, and change nothing."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import core.ids


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
        ("insights", "0009_advice"),
        ("requests_app", "0012_planned_cheers_that_were_not_taken"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Shadow",
            fields=[
                ("id", key()),
                ("reason", models.CharField(max_length=200)),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        db_index=True, help_text="When it judges again; empty once it has ended.", null=True
                    ),
                ),
                ("mark", models.UUIDField(help_text="Offers up to this id are judged.")),
                (
                    "judged",
                    models.PositiveIntegerField(default=0, help_text="Requests in decisions that it has judged."),
                ),
                (
                    "differed",
                    models.PositiveIntegerField(default=0, help_text="Those for which it would have chosen otherwise."),
                ),
                (
                    "both",
                    models.PositiveIntegerField(default=0, help_text="Those that have a partner under either rules."),
                ),
                (
                    "way_really_m",
                    models.FloatField(default=0.0, help_text="Metres of these together, under the rules in force."),
                ),
                (
                    "way_instead_m",
                    models.FloatField(default=0.0, help_text="Metres of these together, under its own rules."),
                ),
                ("author", account()),
                ("region", region()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shadows", to="insights.trial"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(ended_at=None), fields=("region",), name="shadow_one_of_a_region"
                    ),
                    models.CheckConstraint(
                        condition=Q(due_at__isnull=False, ended_at=None) | Q(due_at=None, ended_at__isnull=False),
                        name="shadow_is_due_until_it_ends",
                    ),
                    models.CheckConstraint(
                        condition=Q(differed__lte=F("judged"), both__lte=F("judged")),
                        name="shadow_counts_go_together",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShadowChoice",
            fields=[
                ("id", key()),
                ("at", models.DateTimeField(help_text="When the matcher decided.")),
                (
                    "really_m",
                    models.FloatField(help_text="Metres from the partner who was offered it.", null=True),
                ),
                (
                    "instead_m",
                    models.FloatField(help_text="Metres from the partner whom the shadow would have asked.", null=True),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "shadow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="choices",
                        to="insights.shadow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("shadow", "at", "request"), name="shadow_choice_once"),
                    models.CheckConstraint(
                        condition=Q(really_m__isnull=False) | Q(instead_m__isnull=False),
                        name="shadow_choice_of_somebody",
                    ),
                ],
            },
        ),
    ]
