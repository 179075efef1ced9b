"""Codes for planned cheers whose region took no requests when they were due."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0007_policies"),
        ("requests_app", "0011_dead_letters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="scheduledrequest",
            name="scheduled_closed_code_known",
        ),
        migrations.AlterField(
            model_name="scheduledrequest",
            name="closed_code",
            field=models.CharField(
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
        migrations.AddConstraint(
            model_name="scheduledrequest",
            constraint=models.CheckConstraint(
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
        ),
    ]
