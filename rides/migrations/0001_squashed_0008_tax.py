"""The tables of rides, for a new database: one step in place of eight.

A database that has been through some of the eight goes on with the rest of them.
"""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids


class Migration(migrations.Migration):
    replaces = [
        ("rides", "0001_initial"),
        ("rides", "0002_commission_cover_and_receipt"),
        ("rides", "0003_arrival"),
        ("rides", "0004_arrival_constraints"),
        ("rides", "0005_silent_sign"),
        ("rides", "0006_fewer_indexes"),
        ("rides", "0007_closed_code_and_note"),
        ("rides", "0008_tax"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0012_fewer_indexes"),
        ("requests_app", "0007_fewer_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Ride",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("en_route", "On the way"),
                            ("in_progress", "Cheering"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="en_route",
                        max_length=12,
                    ),
                ),
                ("accepted_at", models.DateTimeField()),
                ("start_time", models.DateTimeField(blank=True, null=True)),
                ("end_time", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("tariff_amount", models.PositiveIntegerField()),
                ("tariff_currency", models.CharField(max_length=3)),
                ("tariff_increment_s", models.PositiveIntegerField()),
                (
                    "fare_amount",
                    models.PositiveIntegerField(
                        blank=True, help_text="Minor units; set when the ride ends.", null=True
                    ),
                ),
                (
                    "pin",
                    models.CharField(
                        blank=True, help_text="Shown to the user; empty where none is used.", max_length=4
                    ),
                ),
                ("pin_failures", models.PositiveSmallIntegerField(default=0)),
                (
                    "rating",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                    ),
                ),
                ("rating_comment", models.CharField(blank=True, max_length=500)),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rides",
                        to="accounts.partner",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rides",
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rides",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "commission_bps",
                    models.PositiveIntegerField(default=0, help_text="Hundredths of a percent that are ours."),
                ),
                (
                    "covered_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until when the session costs no more than is held on the card.",
                        null=True,
                    ),
                ),
                (
                    "receipt_due_at",
                    models.DateTimeField(
                        blank=True,
                        db_index=True,
                        help_text="When the receipt is to be mailed; empty once it was.",
                        null=True,
                    ),
                ),
                (
                    "start_lat",
                    models.FloatField(
                        blank=True, help_text="Where the partner was when the session started.", null=True
                    ),
                ),
                ("start_lng", models.FloatField(blank=True, null=True)),
                (
                    "arrived_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since when the partner is at the place; empty again if they leave it.",
                        null=True,
                    ),
                ),
                (
                    "disputed_at",
                    models.DateTimeField(blank=True, help_text="When the user said that nobody is there.", null=True),
                ),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("partner", "Partner"),
                            ("user", "User"),
                            ("system", "The service"),
                            ("staff", "Staff"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "no_show_at",
                    models.DateTimeField(
                        blank=True, help_text="From when the partner may report that nobody is there.", null=True
                    ),
                ),
                (
                    "parted_at",
                    models.DateTimeField(
                        blank=True, help_text="When the partner was seen to have left the session.", null=True
                    ),
                ),
                (
                    "start_guard",
                    models.CharField(
                        choices=[
                            ("arrival_or_pin", "Arrival, or the user's PIN"),
                            ("pin", "The user's PIN"),
                            ("none", "Nothing"),
                        ],
                        default="arrival_or_pin",
                        help_text="What the partner needs to start the session.",
                        max_length=16,
                    ),
                ),
                (
                    "user_here_at",
                    models.DateTimeField(blank=True, help_text="When the user said that they are there.", null=True),
                ),
                (
                    "closed_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("too_late", "The partner could not get there in time"),
                            ("not_found", "The partner could not find the place"),
                            ("transport", "The partner's transport failed"),
                            ("unsafe", "It did not feel safe to the partner"),
                            ("other", "Another reason of the partner"),
                            ("no_show", "Nobody was there"),
                            ("cancelled_by_user", "Cancelled by its user"),
                            ("cancelled_by_staff", "Cancelled by staff"),
                            ("released_by_staff", "The partner was released by staff"),
                        ],
                        db_default="",
                        default="",
                        help_text="Why it was cancelled.",
                        max_length=24,
                    ),
                ),
                (
                    "closed_note",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="The words of the partner.", max_length=200
                    ),
                ),
                (
                    "tax_inclusive",
                    models.BooleanField(db_default=True, default=True, help_text="Whether prices include the tax."),
                ),
                (
                    "tax_rate",
                    models.PositiveIntegerField(
                        db_default=0, default=0, help_text="Thousandths of a percent of fares and fees."
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["partner", "-accepted_at"], name="ride_partner"),
                    models.Index(fields=["user", "-accepted_at"], name="ride_user"),
                    models.Index(fields=["request"], name="ride_request"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["en_route", "in_progress", "completed", "cancelled"])),
                        name="ride_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("end_time__gte", models.F("start_time"))), name="ride_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status", "cancelled"),
                            models.Q(("start_time__isnull", True), ("status", "en_route")),
                            models.Q(("start_time__isnull", False), ("status__in", ["in_progress", "completed"])),
                            _connector="OR",
                        ),
                        name="ride_started_has_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("end_time__isnull", False), ("fare_amount__isnull", False), ("status", "completed")
                            ),
                            models.Q(
                                models.Q(("status", "completed"), _negated=True),
                                ("end_time__isnull", True),
                                ("fare_amount__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="ride_completed_has_end_and_fare",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tariff_amount__gte", 0), ("tariff_increment_s__gte", 1)),
                        name="ride_tariff_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rating__isnull", True),
                            models.Q(("rating__range", (1, 5)), ("status", "completed")),
                            _connector="OR",
                        ),
                        name="ride_rating_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_by__in", ["partner", "user", "system", "staff"]), ("status", "completed")),
                            models.Q(models.Q(("status", "completed"), _negated=True), ("ended_by", "")),
                            _connector="OR",
                        ),
                        name="ride_completed_says_who_ended_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("arrived_at__gte", models.F("accepted_at")), ("arrived_at__lte", models.F("start_time"))
                        ),
                        name="ride_arrives_between_acceptance_and_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("arrived_at__isnull", False),
                            models.Q(("no_show_at__isnull", True), ("user_here_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="ride_no_show_needs_arrival",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("no_show_at__gte", models.F("arrived_at"))),
                        name="ride_no_show_after_arrival",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("disputed_at__isnull", True),
                            ("arrived_at__isnull", True),
                            ("start_time__isnull", False),
                            _connector="OR",
                        ),
                        name="ride_disputed_has_not_arrived",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parted_at__gte", models.F("start_time"))), name="ride_parted_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("start_guard__in", ["arrival_or_pin", "pin", "none"])),
                        name="ride_start_guard_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "closed_code__in",
                                [
                                    "",
                                    "too_late",
                                    "not_found",
                                    "transport",
                                    "unsafe",
                                    "other",
                                    "no_show",
                                    "cancelled_by_user",
                                    "cancelled_by_staff",
                                    "released_by_staff",
                                ],
                            )
                        ),
                        name="ride_closed_code_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"
                        ),
                        name="ride_closed_note_has_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closed_code", ""), ("status", "cancelled"), _connector="OR"),
                        name="ride_closed_is_cancelled",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["en_route", "in_progress"])),
                        fields=("partner",),
                        name="ride_one_active_per_partner",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "cancelled"), _negated=True),
                        fields=("request",),
                        name="ride_one_not_cancelled_per_request",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RideSign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sign",
                    models.CharField(
                        choices=[
                            ("noticed", "Arrival noticed by the server"),
                            ("reported", "Arrival reported by the partner"),
                            ("left", "Partner left the place"),
                            ("user_here", "User says that they are there"),
                            ("nobody_here", "User says that nobody is there"),
                            ("silent", "Nothing heard of the waiting partner"),
                            ("parted", "Partner left during the session"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "ride",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signs", to="rides.ride"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "sign__in",
                                ["noticed", "reported", "left", "user_here", "nobody_here", "silent", "parted"],
                            )
                        ),
                        name="ride_sign_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RideTransition",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="rides.ride"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
    ]
