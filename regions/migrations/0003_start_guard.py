from typing import Any

from django.db import migrations, models


def guard_by_pin(apps: Any, schema_editor: Any) -> None:
    """Keep asking for the PIN in the regions that have asked for it."""
    apps.get_model("regions", "Region").objects.filter(pin_required=True).update(start_guard="pin")


def require_pin(apps: Any, schema_editor: Any) -> None:
    apps.get_model("regions", "Region").objects.filter(start_guard="pin").update(pin_required=True)


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0002_holds_and_commission"),
    ]

    operations = [
        migrations.AddField(
            model_name="region",
            name="start_guard",
            field=models.CharField(
                choices=[
                    ("arrival_or_pin", "Arrival, or the user's PIN"),
                    ("pin", "The user's PIN"),
                    ("none", "Nothing"),
                ],
                default="arrival_or_pin",
                help_text="What a partner needs to start a session.",
                max_length=16,
            ),
        ),
        migrations.RunPython(guard_by_pin, require_pin),
        migrations.RemoveField(
            model_name="region",
            name="pin_required",
        ),
        migrations.AlterField(
            model_name="region",
            name="no_show_wait_s",
            field=models.PositiveIntegerField(
                default=300,
                help_text="How long after arrival a partner must wait before reporting that nobody is there.",
            ),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.CheckConstraint(
                condition=models.Q(("start_guard__in", ["arrival_or_pin", "pin", "none"])),
                name="region_start_guard_known",
            ),
        ),
    ]
