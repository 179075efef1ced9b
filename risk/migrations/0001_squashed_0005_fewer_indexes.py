"""The tables of risk, for a new database: one step in place of five.

A database that has been through some of the five goes on with the rest of them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids


class Migration(migrations.Migration):
    replaces = [
        ("risk", "0001_flags"),
        ("risk", "0002_traces"),
        ("risk", "0003_disputed_and_stayed_away"),
        ("risk", "0004_silent_partner"),
        ("risk", "0005_fewer_indexes"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("payments", "0011_customers_who_are_deleted"),
        ("requests_app", "0006_closed_code_known"),
        ("rides", "0004_arrival_constraints"),
    ]

    operations = [
        migrations.CreateModel(
            name="Flag",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("implausible_position", "Implausible position"),
                            ("early_start", "Early start"),
                            ("arrival_disputed", "Arrival disputed"),
                            ("parted_during_session", "Parted during the session"),
                            ("session_too_short", "Session too short"),
                            ("declines_far_above_usual", "Declines far above usual"),
                            ("tip_over_cap", "Tip over the cap"),
                            ("linked_accounts", "Linked accounts"),
                            ("first_payout", "First payout"),
                            ("payout_account_changed", "Payout account changed"),
                            ("card_velocity", "Many cards or declines"),
                            ("card_shared", "Card of several accounts"),
                            ("payment_disputed", "Payment disputed"),
                            ("stayed_away", "Stayed away after accepting"),
                            ("silent_partner", "Silent partner"),
                        ],
                        max_length=32,
                    ),
                ),
                ("subject", models.CharField(help_text='Such as "ride:<id>".', max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("cleared", "Cleared"), ("confirmed", "Confirmed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "figure",
                    models.FloatField(
                        blank=True, help_text="The figure that the rule found, the newest one.", null=True
                    ),
                ),
                ("limit", models.FloatField(blank=True, help_text="The limit that it passed.", null=True)),
                ("evidence", models.JSONField(blank=True, default=dict)),
                ("times", models.PositiveIntegerField(default=1, help_text="How often the rule has fired.")),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="flags",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="flags",
                        to="payments.payment",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="flags",
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ride",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="flags",
                        to="rides.ride",
                    ),
                ),
            ],
            options={
                "permissions": (("review_flag", "Can review flags"),),
                "indexes": [models.Index(fields=["status", "-last_at"], name="flag_status_last_at")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "cleared", "confirmed"])), name="flag_status_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("subject", ""), _negated=True), name="flag_has_subject"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reviewed_at__isnull", True), ("status", "open")),
                            models.Q(models.Q(("status", "open"), _negated=True), ("reviewed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="flag_reviewed_unless_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_at__gte", models.F("first_at"))), name="flag_times_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "implausible_position",
                                    "early_start",
                                    "arrival_disputed",
                                    "parted_during_session",
                                    "session_too_short",
                                    "declines_far_above_usual",
                                    "tip_over_cap",
                                    "linked_accounts",
                                    "first_payout",
                                    "payout_account_changed",
                                    "card_velocity",
                                    "card_shared",
                                    "payment_disputed",
                                    "stayed_away",
                                    "silent_partner",
                                ],
                            )
                        ),
                        name="flag_kind_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("kind", "subject"),
                        name="flag_one_open_per_kind_and_subject",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FlagTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="risk.flag"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Trace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("card", "Card"),
                            ("device", "Device"),
                            ("address", "Network address"),
                            ("phone", "Phone"),
                        ],
                        max_length=8,
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField(db_index=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="traces",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["digest", "kind"], name="trace_digest")],
                "constraints": [
                    models.UniqueConstraint(fields=("account", "kind", "digest"), name="trace_once_per_account"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["card", "device", "address", "phone"])),
                        name="trace_kind_known",
                    ),
                ],
            },
        ),
    ]
