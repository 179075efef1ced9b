"""The prices that requests are made under, in rows that never change."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import core.ids

SQLITE = """CREATE TRIGGER regions_terms_frozen BEFORE UPDATE ON regions_terms
            BEGIN SELECT RAISE(ABORT, 'regions_terms is never changed'); END"""
POSTGRES = [
    """CREATE OR REPLACE FUNCTION regions_terms_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'regions_terms is never changed'
             USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER regions_terms_frozen BEFORE UPDATE ON regions_terms
       FOR EACH ROW EXECUTE FUNCTION regions_terms_frozen()""",
]


def freeze(apps, schema_editor):
    for statement in [SQLITE] if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def thaw(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS regions_terms_frozen")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS regions_terms_frozen ON regions_terms")
        schema_editor.execute("DROP FUNCTION IF EXISTS regions_terms_frozen()")


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0004_offer_detail"),
    ]

    operations = [
        migrations.CreateModel(
            name="Terms",
            fields=[
                ("currency", models.CharField(default="usd", help_text="ISO 4217, lower case.", max_length=3)),
                (
                    "increment_amount",
                    models.PositiveIntegerField(
                        default=1000, help_text="Price of each started increment, in minor units (cents)."
                    ),
                ),
                (
                    "increment_s",
                    models.PositiveIntegerField(
                        default=300,
                        help_text="Length of an increment, in seconds.",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "cancellation_fee_amount",
                    models.PositiveIntegerField(
                        default=500, help_text="What the user pays for cancelling late, in minor units."
                    ),
                ),
                (
                    "cancellation_grace_s",
                    models.PositiveIntegerField(
                        default=120, help_text="Cancelling is free for this long after acceptance."
                    ),
                ),
                (
                    "no_show_fee_amount",
                    models.PositiveIntegerField(
                        default=1000, help_text="What a user pays who isn't there, in minor units."
                    ),
                ),
                (
                    "no_show_wait_s",
                    models.PositiveIntegerField(
                        default=300,
                        help_text="How long after arrival a partner must wait before reporting that nobody is there.",
                    ),
                ),
                (
                    "hold_amount",
                    models.PositiveIntegerField(
                        default=6000,
                        help_text="What is held on the card at booking, and again as a session outgrows it: minor units.",
                    ),
                ),
                (
                    "holds_max",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="How many holds a session may place. When the last one is used up, the session ends.",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "commission_bps",
                    models.PositiveIntegerField(
                        default=2000, help_text="Our part of fares and fees, in hundredths of a percent: 2000 is 20%."
                    ),
                ),
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(help_text="When the first request was made under them.")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="terms", to="regions.region"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("increment_s__gte", 1)), name="terms_increment_lasts"),
                    models.CheckConstraint(
                        condition=models.Q(("cancellation_fee_amount__gte", 0), ("increment_amount__gte", 0)),
                        name="terms_money_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("hold_amount__gte", 0), ("holds_max__gte", 1), ("no_show_fee_amount__gte", 0)
                        ),
                        name="terms_holds_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("commission_bps__gte", 0), ("commission_bps__lte", 10000)),
                        name="terms_commission_is_a_part",
                    ),
                    models.UniqueConstraint(
                        fields=(
                            "region",
                            "currency",
                            "increment_amount",
                            "increment_s",
                            "cancellation_fee_amount",
                            "cancellation_grace_s",
                            "no_show_fee_amount",
                            "no_show_wait_s",
                            "hold_amount",
                            "holds_max",
                            "commission_bps",
                        ),
                        name="terms_once",
                    ),
                ],
            },
        ),
        migrations.RunPython(freeze, thaw),
    ]
