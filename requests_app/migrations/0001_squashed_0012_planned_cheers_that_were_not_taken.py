"""The tables of requests, for a new database: one step in place of twelve.

A database that has been through some of the twelve goes on with the rest of them.
"""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import api.stored_json
import core.ids
import requests_app.models


class Migration(migrations.Migration):
    replaces = [
        ("requests_app", "0001_initial"),
        ("requests_app", "0002_planned_saved_and_shared"),
        ("requests_app", "0003_coarse_places"),
        ("requests_app", "0004_offer_approximate_m"),
        ("requests_app", "0005_closed_code_and_note"),
        ("requests_app", "0006_closed_code_known"),
        ("requests_app", "0007_fewer_indexes"),
        ("requests_app", "0008_terms"),
        ("requests_app", "0009_records_of_matching"),
        ("requests_app", "0010_rank_of_offers"),
        ("requests_app", "0011_dead_letters"),
        ("requests_app", "0012_planned_cheers_that_were_not_taken"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0013_search_of_accounts"),
        ("regions", "0007_policies"),
    ]

    operations = [
        migrations.CreateModel(
            name="RequestType",
            fields=[
                ("slug", models.SlugField(max_length=32, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("description", models.CharField(blank=True, max_length=200)),
                ("icon", models.CharField(help_text="One emoji.", max_length=8)),
                (
                    "partner_types",
                    models.JSONField(
                        blank=True,
                        default=requests_app.models.any_partner_type,
                        help_text="Which partner types can serve it, of cheerleader, coach, musician, mascot; empty means any.",
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=0, help_text="Order on the request screen.")),
            ],
            options={
                "ordering": ("position", "slug"),
            },
        ),
        migrations.CreateModel(
            name="CheerRequest",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("lat", models.FloatField()),
                ("lng", models.FloatField()),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Looking for a partner"),
                            ("offered", "Offered to a partner"),
                            ("accepted", "Accepted"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("no_match", "No partner found"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "attempts",
                    models.PositiveIntegerField(default=0, help_text="How often matching has looked for a partner."),
                ),
                ("wave", models.PositiveSmallIntegerField(default=0, help_text="Index into MATCH_RADIUS_M.")),
                (
                    "next_attempt_at",
                    models.DateTimeField(blank=True, help_text="When matching looks again, while pending.", null=True),
                ),
                ("give_up_at", models.DateTimeField(help_text="When it is dead-lettered, if still pending.")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cheer_requests", to="regions.region"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cheer_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request_type",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="requests_app.requesttype",
                    ),
                ),
                (
                    "coarse",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether its place has been rounded and its words deleted, long after it was over.",
                    ),
                ),
                ("closed_note", models.CharField(blank=True, help_text="The words of a person.", max_length=200)),
                (
                    "closed_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("nobody_accepted", "Nobody accepted"),
                            ("no_partner_nearby", "No partner nearby"),
                            ("cancelled_by_user", "Cancelled by its user"),
                            ("cancelled_by_staff", "Cancelled by staff"),
                            ("no_show", "Nobody was there"),
                            ("card_declined", "The card was declined"),
                            ("card_not_confirmed", "The card was not confirmed"),
                        ],
                        help_text="Why it was cancelled or not matched.",
                        max_length=24,
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The prices when it was made; empty: made by an older release, and under the region's.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.terms",
                    ),
                ),
                (
                    "reach_m",
                    models.PositiveIntegerField(
                        blank=True, help_text="A wider last radius, chosen by staff.", null=True
                    ),
                ),
                (
                    "patience_s",
                    models.PositiveIntegerField(blank=True, help_text="A patience chosen by staff.", null=True),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="request_user"),
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["region", "next_attempt_at"],
                        name="request_waiting",
                    ),
                    models.Index(fields=["status", "-created_at"], name="request_status"),
                    models.Index(condition=models.Q(("coarse", False)), fields=["created_at"], name="request_exact"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["pending", "offered", "accepted", "completed", "cancelled", "no_match"])
                        ),
                        name="request_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lat__range", (-90, 90)), ("lng__range", (-180, 180))),
                        name="request_location_on_the_globe",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "pending"), _negated=True),
                            ("next_attempt_at__isnull", False),
                            _connector="OR",
                        ),
                        name="request_pending_has_next_attempt",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "closed_code__in",
                                [
                                    "",
                                    "nobody_accepted",
                                    "no_partner_nearby",
                                    "cancelled_by_user",
                                    "cancelled_by_staff",
                                    "no_show",
                                    "card_declined",
                                    "card_not_confirmed",
                                ],
                            )
                        ),
                        name="request_closed_code_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"
                        ),
                        name="request_closed_note_has_code",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["pending", "offered", "accepted"])),
                        fields=("user",),
                        name="request_one_open_per_user",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CheerRequestTransition",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="requests_app.cheerrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
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
            name="Offer",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for an answer"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("expired", "Expired"),
                            ("rescinded", "Rescinded"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("wave", models.PositiveSmallIntegerField(default=0)),
                ("distance_m", models.PositiveIntegerField()),
                ("eta_s", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offers",
                        to="accounts.partner",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offers",
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "approximate_m",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="The distance to the rough place that it shows; empty: it shows the exact one.",
                        null=True,
                    ),
                ),
                ("closed_note", models.CharField(blank=True, help_text="The words of a person.", max_length=200)),
                (
                    "closed_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("too_far", "Too far"),
                            ("busy", "Busy"),
                            ("unsafe", "Feels unsafe"),
                            ("went_offline", "Went offline"),
                            ("other", "Another reason"),
                            ("cancelled", "The request was cancelled"),
                            ("taken", "The request was taken back"),
                        ],
                        help_text="Why it was declined or rescinded.",
                        max_length=24,
                    ),
                ),
                (
                    "decision",
                    api.stored_json.StoredJSONField(help_text="Why this partner: matching/decisions.py.", null=True),
                ),
                (
                    "rank",
                    models.PositiveSmallIntegerField(
                        editable=False, help_text="1: its partner was the nearest.", null=True
                    ),
                ),
                (
                    "among",
                    models.PositiveSmallIntegerField(
                        editable=False, help_text="Of how many who could be chosen.", null=True
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["request", "-created_at"], name="offer_request"),
                    models.Index(fields=["partner", "-created_at"], name="offer_partner"),
                    models.Index(
                        condition=models.Q(("status", "pending")), fields=["expires_at"], name="offer_pending_expiry"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "accepted", "declined", "expired", "rescinded"])),
                        name="offer_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="offer_expires_after_creation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "closed_code__in",
                                ["", "too_far", "busy", "unsafe", "went_offline", "other", "cancelled", "taken"],
                            )
                        ),
                        name="offer_closed_code_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"
                        ),
                        name="offer_closed_note_has_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("among__gte", models.F("rank")), ("rank__gte", 1)),
                        name="offer_rank_is_among",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")),
                        fields=("request",),
                        name="offer_one_open_per_request",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")),
                        fields=("partner",),
                        name="offer_one_open_per_partner",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OfferTransition",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="requests_app.offer"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SavedPlace",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40)),
                ("lat", models.FloatField()),
                ("lng", models.FloatField()),
                ("created_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_places",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("lat__range", (-90, 90)), ("lng__range", (-180, 180))),
                        name="place_on_the_globe",
                    ),
                    models.UniqueConstraint(
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="place_one_per_user_and_name",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScheduledRequest",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("lat", models.FloatField()),
                ("lng", models.FloatField()),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for its time"),
                            ("requested", "Requested"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Could not be requested"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("scheduled_for", models.DateTimeField(help_text="When the partner should be there.")),
                ("due_at", models.DateTimeField(help_text="When we begin to look for one.")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="regions.region"
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        blank=True,
                        help_text="Made of it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scheduled",
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "request_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="requests_app.requesttype"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scheduled_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "coarse",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether its place has been rounded and its words deleted, long after it was over.",
                    ),
                ),
                ("closed_note", models.CharField(blank=True, help_text="The words of a person.", max_length=200)),
                (
                    "closed_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("cancelled_by_user", "Cancelled by its user"),
                            ("request_already_open", "Another request was open"),
                            ("type_not_offered", "No longer offered"),
                            ("region_not_served", "The place is not served"),
                            ("region_paused", "The region took no requests"),
                            ("region_closed", "The region was closed"),
                            ("not_a_user", "No user any more"),
                            ("card_required", "No card"),
                            ("payment_overdue", "A payment was overdue"),
                            ("other", "Another reason"),
                        ],
                        help_text="Why it was cancelled or not requested.",
                        max_length=24,
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The prices when it was planned; empty: planned under an older release.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.terms",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="scheduled_user"),
                    models.Index(condition=models.Q(("status", "waiting")), fields=["due_at"], name="scheduled_due"),
                    models.Index(
                        condition=models.Q(("coarse", False)), fields=["scheduled_for"], name="scheduled_exact"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "requested", "cancelled", "failed"])),
                        name="scheduled_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lat__range", (-90, 90)), ("lng__range", (-180, 180))),
                        name="scheduled_location_on_the_globe",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at__lte", models.F("scheduled_for"))),
                        name="scheduled_due_before_its_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("request__isnull", False), ("status", "requested")),
                            models.Q(models.Q(("status", "requested"), _negated=True), ("request__isnull", True)),
                            _connector="OR",
                        ),
                        name="scheduled_requested_has_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"
                        ),
                        name="scheduled_closed_note_has_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "closed_code__in",
                                [
                                    "",
                                    "cancelled_by_user",
                                    "request_already_open",
                                    "type_not_offered",
                                    "region_not_served",
                                    "region_paused",
                                    "region_closed",
                                    "not_a_user",
                                    "card_required",
                                    "payment_overdue",
                                    "other",
                                ],
                            )
                        ),
                        name="scheduled_closed_code_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "waiting")),
                        fields=("user", "scheduled_for"),
                        name="scheduled_one_per_user_and_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScheduledRequestTransition",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="requests_app.scheduledrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ShareLink",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("digest", models.CharField(help_text="SHA-256 of the token, in hex.", max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="share_links",
                        to="requests_app.cheerrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="share_expires_after_creation",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="dead_letter",
                        serialize=False,
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "taken_at",
                    models.DateTimeField(blank=True, help_text="Since when its owner takes care of it.", null=True),
                ),
                ("note", models.CharField(blank=True, help_text="For other staff.", max_length=500)),
                (
                    "asked_first",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The partner who is offered it as soon as its amount is held.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.partner",
                    ),
                ),
                (
                    "forced",
                    models.BooleanField(
                        db_default=False, default=False, help_text="Whether that partner takes it unasked."
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("owner__isnull", True), ("taken_at__isnull", True)),
                            models.Q(("owner__isnull", False), ("taken_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="dead_letter_is_owned_since_a_moment",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField(help_text="Counts the rows of its request, from 1.")),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("nobody_near", "Nobody near"),
                            ("nobody_fits", "All who are near were left out"),
                            ("beyond_cap", "Held back: all who fit are beyond the pickup cap"),
                            ("outnumbered", "All who fit went to other requests"),
                            ("taken_by_another", "The chosen partner was taken by another request meanwhile"),
                        ],
                        max_length=16,
                    ),
                ),
                ("wave", models.PositiveSmallIntegerField(help_text="Index into MATCH_RADIUS_M of the widest search.")),
                ("count", models.PositiveIntegerField(help_text="How many looks these were.")),
                ("searched", models.PositiveIntegerField(help_text="Partners found near.")),
                ("fit", models.PositiveIntegerField(help_text="Partners of these who could have been offered it.")),
                ("left_out", models.JSONField(help_text="How many of them were left out, by reason.")),
                ("attempts", models.PositiveIntegerField(help_text="`attempts` of the request after the last one.")),
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
                        condition=models.Q(
                            (
                                "result__in",
                                ["nobody_near", "nobody_fits", "beyond_cap", "outnumbered", "taken_by_another"],
                            )
                        ),
                        name="look_result_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="look_counts_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(("last_at__gte", models.F("first_at"))), name="look_ends_after_start"
                    ),
                ],
            },
        ),
    ]
