from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rides", "0003_arrival"),
    ]

    operations = [
        migrations.AlterField(
            model_name="ride",
            name="start_guard",
            field=models.CharField(
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
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_by__in", ["partner", "user", "system", "staff"]), ("status", "completed")),
                    models.Q(models.Q(("status", "completed"), _negated=True), ("ended_by", "")),
                    _connector="OR",
                ),
                name="ride_completed_says_who_ended_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("arrived_at__gte", models.F("accepted_at")), ("arrived_at__lte", models.F("start_time"))
                ),
                name="ride_arrives_between_acceptance_and_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("arrived_at__isnull", False),
                    models.Q(("no_show_at__isnull", True), ("user_here_at__isnull", True)),
                    _connector="OR",
                ),
                name="ride_no_show_needs_arrival",
            ),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(("no_show_at__gte", models.F("arrived_at"))), name="ride_no_show_after_arrival"
            ),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("disputed_at__isnull", True),
                    ("arrived_at__isnull", True),
                    ("start_time__isnull", False),
                    _connector="OR",
                ),
                name="ride_disputed_has_not_arrived",
            ),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(("parted_at__gte", models.F("start_time"))), name="ride_parted_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="ride",
            constraint=models.CheckConstraint(
                condition=models.Q(("start_guard__in", ["arrival_or_pin", "pin", "none"])),
                name="ride_start_guard_known",
            ),
        ),
    ]
