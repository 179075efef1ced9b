"""Have the provider delete the customers whose accounts were deleted before: so far only their cards were detached."""

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def plan_deletion(apps: Any, schema_editor: Any) -> None:
    customers = apps.get_model("payments", "Customer").objects.using(schema_editor.connection.alias)
    gone = customers.filter(user__is_active=False, user__email__endswith="@deleted.invalid")
    gone.update(next_step_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_card_limits")]

    operations = [
        migrations.AlterField(
            "customer",
            "next_step_at",
            models.DateTimeField(
                blank=True,
                db_index=True,
                help_text="When the provider is to be asked to delete them.",
                null=True,
            ),
        ),
        migrations.RunPython(plan_deletion, migrations.RunPython.noop),
    ]
