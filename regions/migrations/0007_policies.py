"""Versioned policies of regions, in rows that never change."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids
import regions.hours
import regions.policies

SQLITE = """CREATE TRIGGER regions_policy_frozen BEFORE UPDATE ON regions_policy
            BEGIN SELECT RAISE(ABORT, 'regions_policy is never changed'); END"""
POSTGRES = [
    """CREATE OR REPLACE FUNCTION regions_policy_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'regions_policy is never changed'
             USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER regions_policy_frozen BEFORE UPDATE ON regions_policy
       FOR EACH ROW EXECUTE FUNCTION regions_policy_frozen()""",
]


def freeze(apps, schema_editor):
    for statement in [SQLITE] if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def thaw(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS regions_policy_frozen")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS regions_policy_frozen ON regions_policy")
        schema_editor.execute("DROP FUNCTION IF EXISTS regions_policy_frozen()")


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0006_tax"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(help_text="Counts the policies of a region, from 1.")),
                ("created_at", models.DateTimeField()),
                ("reason", models.CharField(help_text="Why it was changed, for other staff.", max_length=200)),
                (
                    "intake",
                    models.CharField(
                        choices=[
                            ("open", "Takes requests"),
                            ("draining", "Takes none; those that wait are still matched"),
                            ("paused", "Takes none, and nobody is sent an offer"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                (
                    "message",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="What users are told while the region takes no requests.",
                        max_length=200,
                    ),
                ),
                (
                    "opening_hours",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="In local time, for example Mo-Fr 08:00-22:00; Sa 10:00-02:00. Empty: always open.",
                        max_length=300,
                        validators=[regions.hours.check_hours],
                    ),
                ),
                (
                    "offer_ttl_s",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="How long a partner has to answer, in seconds.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(300),
                        ],
                    ),
                ),
                (
                    "patience_s",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="How long a partner is looked for before staff take over, in seconds.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(30),
                            django.core.validators.MaxValueValidator(7200),
                        ],
                    ),
                ),
                (
                    "radii_m",
                    models.JSONField(
                        blank=True,
                        help_text="The search radius of each wave, in metres: growing, for example [2000, 5000, 10000].",
                        null=True,
                        validators=[regions.policies.check_radii],
                    ),
                ),
                (
                    "cap_s",
                    models.FloatField(
                        blank=True,
                        help_text="In a shortage: the greatest pickup cap, in seconds of travel.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(7200),
                        ],
                    ),
                ),
                (
                    "cap_shortage",
                    models.FloatField(
                        blank=True,
                        help_text="In a shortage: how many recent requests have the greatest cap.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                    ),
                ),
                (
                    "cap_least_s",
                    models.FloatField(
                        blank=True,
                        help_text="In a shortage: the least pickup cap, in seconds.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(7200),
                        ],
                    ),
                ),
                (
                    "cap_widens",
                    models.FloatField(
                        blank=True,
                        help_text="In a shortage: seconds that the cap gains for each second waited.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                (
                    "age_credit",
                    models.FloatField(
                        blank=True,
                        help_text="Seconds of travel that a request is spared for each second it has waited.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                (
                    "cap_lone",
                    models.BooleanField(
                        blank=True,
                        help_text="In a shortage: whether the cap applies to a request that is alone, too.",
                        null=True,
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policies",
                        to="regions.region",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "policies",
                "ordering": ("-created_at",),
                "permissions": (("pause_region", "Can pause, drain and open regions"),),
                "constraints": [
                    models.UniqueConstraint(fields=("region", "version"), name="policy_one_per_region_and_version"),
                    models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="policy_counts_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(("intake__in", ["open", "draining", "paused"])), name="policy_intake_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_s__isnull", True),
                            ("cap_least_s__isnull", True),
                            ("cap_least_s__lte", models.F("cap_s")),
                            _connector="OR",
                        ),
                        name="policy_least_cap_is_the_least",
                        violation_error_message="The least cap is at most the greatest.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("offer_ttl_s__isnull", True),
                            models.Q(("offer_ttl_s__gte", 5), ("offer_ttl_s__lte", 300)),
                            _connector="OR",
                        ),
                        name="policy_offer_ttl_s_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("patience_s__isnull", True),
                            models.Q(("patience_s__gte", 30), ("patience_s__lte", 7200)),
                            _connector="OR",
                        ),
                        name="policy_patience_s_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_s__isnull", True), models.Q(("cap_s__gte", 1), ("cap_s__lte", 7200)), _connector="OR"
                        ),
                        name="policy_cap_s_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_shortage__isnull", True),
                            models.Q(("cap_shortage__gte", 1), ("cap_shortage__lte", 10000)),
                            _connector="OR",
                        ),
                        name="policy_cap_shortage_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_least_s__isnull", True),
                            models.Q(("cap_least_s__gte", 1), ("cap_least_s__lte", 7200)),
                            _connector="OR",
                        ),
                        name="policy_cap_least_s_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_widens__isnull", True),
                            models.Q(("cap_widens__gte", 0), ("cap_widens__lte", 100)),
                            _connector="OR",
                        ),
                        name="policy_cap_widens_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("age_credit__isnull", True),
                            models.Q(("age_credit__gte", 0), ("age_credit__lte", 100)),
                            _connector="OR",
                        ),
                        name="policy_age_credit_sane",
                    ),
                ],
            },
        ),
        migrations.RunPython(freeze, thaw),
    ]
