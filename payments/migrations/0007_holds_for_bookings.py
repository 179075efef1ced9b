"""Mark the holds that a booking waits for: so far, the first of each request."""

from typing import Any

from django.db import migrations, models


def mark_first(apps: Any, schema_editor: Any) -> None:
    holds = apps.get_model("payments", "Hold").objects.using(schema_editor.connection.alias)
    holds.filter(number=1).update(for_booking=True)


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_customers_whose_cards_are_forgotten")]

    operations = [
        migrations.AddField(
            "hold",
            "for_booking",
            models.BooleanField(default=False, help_text="The request is matched once this hold is answered."),
        ),
        migrations.AlterField(
            "hold",
            "number",
            models.PositiveSmallIntegerField(help_text="1 at the first booking, then one more each."),
        ),
        migrations.RunPython(mark_first, migrations.RunPython.noop),
    ]
