"""Dead letters have an owner and a note, and staff can widen the search for one request."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_search_of_accounts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("requests_app", "0010_rank_of_offers"),
    ]

    operations = [
        migrations.AddField(
            model_name="cheerrequest",
            name="reach_m",
            field=models.PositiveIntegerField(blank=True, help_text="A wider last radius, chosen by staff.", null=True),
        ),
        migrations.AddField(
            model_name="cheerrequest",
            name="patience_s",
            field=models.PositiveIntegerField(blank=True, help_text="A patience chosen by staff.", null=True),
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
                    ),
                ],
            },
        ),
    ]
