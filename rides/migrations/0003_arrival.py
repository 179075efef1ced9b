from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Case, Exists, F, OuterRef, Value, When


def fill(apps: Any, schema_editor: Any) -> None:
    """Say who ended the sessions of before, and let rides begun before start as they were to."""
    rides = apps.get_model("rides", "Ride").objects
    steps = apps.get_model("rides", "RideTransition").objects.filter(subject=OuterRef("pk"), new="completed")
    rides.filter(status="completed").update(
        ended_by=Case(
            When(Exists(steps.filter(actor=F("subject__partner__user"))), then=Value("partner")),
            When(Exists(steps.filter(actor__isnull=True)), then=Value("system")),
            default=Value("staff"),
        )
    )
    rides.exclude(pin="").update(start_guard="pin")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_language_and_notification_settings"),
        ("requests_app", "0002_planned_saved_and_shared"),
        ("rides", "0002_commission_cover_and_receipt"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                            ("parted", "Partner left during the session"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddField(
            model_name="ride",
            name="arrived_at",
            field=models.DateTimeField(
                blank=True, help_text="Since when the partner is at the place; empty again if they leave it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="ride",
            name="disputed_at",
            field=models.DateTimeField(blank=True, help_text="When the user said that nobody is there.", null=True),
        ),
        migrations.AddField(
            model_name="ride",
            name="ended_by",
            field=models.CharField(
                blank=True,
                choices=[("partner", "Partner"), ("user", "User"), ("system", "The service"), ("staff", "Staff")],
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="ride",
            name="no_show_at",
            field=models.DateTimeField(
                blank=True, help_text="From when the partner may report that nobody is there.", null=True
            ),
        ),
        migrations.AddField(
            model_name="ride",
            name="parted_at",
            field=models.DateTimeField(
                blank=True, help_text="When the partner was seen to have left the session.", null=True
            ),
        ),
        migrations.AddField(
            model_name="ride",
            name="start_guard",
            field=models.CharField(
                choices=[
                    ("arrival_or_pin", "Arrival, or the user's PIN"),
                    ("pin", "The user's PIN"),
                    ("none", "Nothing"),
                ],
                default="none",
                help_text="What the partner needs to start the session.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="ride",
            name="user_here_at",
            field=models.DateTimeField(blank=True, help_text="When the user said that they are there.", null=True),
        ),
        migrations.AlterField(
            model_name="ride",
            name="pin",
            field=models.CharField(blank=True, help_text="Shown to the user; empty where none is used.", max_length=4),
        ),
        migrations.AddField(
            model_name="ridesign",
            name="ride",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="signs", to="rides.ride"),
        ),
        migrations.AddConstraint(
            model_name="ridesign",
            constraint=models.CheckConstraint(
                condition=models.Q(("sign__in", ["noticed", "reported", "left", "user_here", "nobody_here", "parted"])),
                name="ride_sign_known",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
