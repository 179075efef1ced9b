"""A known code for everything closed, and no words without one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0005_closed_code_and_note"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="cheerrequest",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="cheerrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"),
                name="request_closed_note_has_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "closed_code__in",
                        ["", "too_far", "busy", "unsafe", "went_offline", "other", "cancelled", "taken"],
                    )
                ),
                name="offer_closed_code_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"),
                name="offer_closed_note_has_code",
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
        migrations.AddConstraint(
            model_name="scheduledrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("closed_note", ""), models.Q(("closed_code", ""), _negated=True), _connector="OR"),
                name="scheduled_closed_note_has_code",
            ),
        ),
    ]
