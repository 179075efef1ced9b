import django.db.models.deletion
from django.db import migrations, models

import core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_partner_steps_by_time"),
        ("insights", "0008_foreseen_hour"),
        ("regions", "0010_policy_advises"),
    ]

    operations = [
        migrations.CreateModel(
            name="Adviser",
            fields=[
                (
                    "region",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="regions.region",
                    ),
                ),
                ("advise_at", models.DateTimeField(db_index=True, help_text="When it looks again.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Advice",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "cell",
                    models.BigIntegerField(help_text="The H3 index, of the resolution in positioning/cells.py."),
                ),
                (
                    "distance_m",
                    models.PositiveIntegerField(help_text="To its middle in a line, when it was given."),
                ),
                ("given_at", models.DateTimeField(db_index=True)),
                ("until", models.DateTimeField(help_text="When it lapses.")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "Not ended"),
                            ("followed", "The partner came near the place"),
                            ("ignored", "Its time passed, and the partner did not come near"),
                            ("overtaken", "The partner was sent an offer, or went offline, before"),
                            ("withdrawn", "The region's advice was turned off, or the region closed, before"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "offered_after_s",
                    models.PositiveIntegerField(
                        help_text="Seconds from it to the partner's first offer, if that came within half an hour.",
                        null=True,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.partner"
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
            options={
                "verbose_name_plural": "advice",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "open")),
                        fields=("partner",),
                        name="advice_one_open_per_partner",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "open")), fields=("cell",), name="advice_one_open_per_cell"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["open", "followed", "ignored", "overtaken", "withdrawn"])),
                        name="advice_outcome_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("outcome", "open")),
                            models.Q(
                                models.Q(("outcome", "open"), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="advice_open_until_it_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("given_at"))),
                        name="advice_lapses_after_it_is_given",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HourAdvice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField()),
                ("given", models.PositiveIntegerField()),
                (
                    "partners",
                    models.PositiveIntegerField(help_text="Different partners. It does not add up over hours."),
                ),
                ("followed", models.PositiveIntegerField()),
                ("ignored", models.PositiveIntegerField()),
                ("overtaken", models.PositiveIntegerField()),
                ("withdrawn", models.PositiveIntegerField()),
                (
                    "followed_m",
                    models.PositiveBigIntegerField(help_text="Metres in a line, of the advice that was followed."),
                ),
                (
                    "offered_followed",
                    models.PositiveIntegerField(help_text="Followed, and then an offer within half an hour."),
                ),
                (
                    "offered_followed_s",
                    models.PositiveBigIntegerField(help_text="Seconds from the advice to these offers, in sum."),
                ),
                (
                    "offered_ignored",
                    models.PositiveIntegerField(help_text="Ignored, and then an offer within half an hour."),
                ),
                (
                    "offered_ignored_s",
                    models.PositiveBigIntegerField(help_text="Seconds from the advice to these offers, in sum."),
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
            options={
                "verbose_name_plural": "hours of advice",
                "constraints": [
                    models.UniqueConstraint(fields=("region", "starts_at"), name="hour_advice_once"),
                    models.CheckConstraint(
                        condition=models.Q(("given__gte", models.F("partners")), ("partners__gt", 0)),
                        name="hour_advice_of_partners",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "given__gte",
                                models.F("followed")
                                + models.F("ignored")
                                + models.F("overtaken")
                                + models.F("withdrawn"),
                            )
                        ),
                        name="hour_advice_ends_once",
                    ),
                ],
            },
        ),
    ]
