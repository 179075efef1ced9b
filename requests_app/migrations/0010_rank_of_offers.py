"""How near the partner of an offer was, and among how many."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0009_records_of_matching"),
    ]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="rank",
            field=models.PositiveSmallIntegerField(
                editable=False, help_text="1: its partner was the nearest.", null=True
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="among",
            field=models.PositiveSmallIntegerField(
                editable=False, help_text="Of how many who could be chosen.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(("among__gte", models.F("rank")), ("rank__gte", 1)), name="offer_rank_is_among"
            ),
        ),
    ]
