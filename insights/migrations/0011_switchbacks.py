"""Rules that take turns with those in force."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import core.ids

ENDS = ["over", "stopped", "guard", "changed"]
ARMS = ["before", "tried"]


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
        ("insights", "0010_shadows"),
        ("regions", "0007_policies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Switchback",
            fields=[
                ("id", key()),
                ("reason", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                (
                    "begins_at",
                    models.DateTimeField(help_text="The beginning of its first day, in the region's time."),
                ),
                ("ends_at", models.DateTimeField(help_text="The end of its last day.")),
                ("seed", models.PositiveIntegerField(help_text="Of the order of the rules in each hour.")),
                (
                    "before",
                    models.JSONField(
                        help_text="What the policy from before says of the fields that the trial changes."
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(db_index=True, help_text="When the next half hour begins.", null=True),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("over", "Its days are over"),
                            ("stopped", "Staff stopped it"),
                            ("guard", "Too many more requests stayed unmatched under the rules that are tried"),
                            ("changed", "The policy was changed meanwhile"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("author", account()),
                ("region", region()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="switchbacks", to="insights.trial"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(ended_at=None), fields=("region",), name="switchback_one_of_a_region"
                    ),
                    models.CheckConstraint(
                        condition=Q(ends_at__gt=F("begins_at")), name="switchback_ends_after_it_begins"
                    ),
                    models.CheckConstraint(
                        condition=Q(due_at__isnull=False, ended_at=None, end="")
                        | Q(due_at=None, ended_at__isnull=False, end__in=ENDS),
                        name="switchback_is_due_until_it_ends",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SwitchbackSlot",
            fields=[
                ("id", key()),
                ("day", models.DateField(help_text="In the region's time.")),
                (
                    "number",
                    models.PositiveSmallIntegerField(help_text="Counts the half hours of the day, from 0."),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "arm",
                    models.CharField(
                        choices=[("before", "The rules from before"), ("tried", "The rules that are tried")],
                        max_length=6,
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(
                        help_text="From when on requests count: later if other rules were in force before."
                    ),
                ),
                ("requests", models.PositiveIntegerField(default=0, help_text="Those made from then on.")),
                ("unmatched", models.PositiveIntegerField(default=0)),
                (
                    "served",
                    models.PositiveIntegerField(default=0, help_text="Those to which a partner has come."),
                ),
                (
                    "waited_s",
                    models.FloatField(default=0.0, help_text="Seconds from request to arrival, of these together."),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        help_text="The version in force.",
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="regions.policy",
                    ),
                ),
                (
                    "switchback",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slots",
                        to="insights.switchback",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("switchback", "starts_at"), name="switchback_slot_once"),
                    models.CheckConstraint(condition=Q(arm__in=ARMS), name="switchback_slot_arm_known"),
                    models.CheckConstraint(
                        condition=Q(unmatched__lte=F("requests"), served__lte=F("requests"), waited_s__gte=0),
                        name="switchback_slot_counts_go_together",
                    ),
                ],
            },
        ),
    ]
