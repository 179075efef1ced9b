"""The accounts of fees and of what is written off may stand in the ledger. The new check comes before the old one goes."""

from django.db import migrations, models

from core.schema import AddCheckInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0018_disputes_by_their_movements")]

    operations = [
        AddCheckInUse(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "credit__in",
                        ["receivable", "sales", "partners", "provider", "cash", "disputed", "fees", "written_off"],
                    ),
                    (
                        "debit__in",
                        ["receivable", "sales", "partners", "provider", "cash", "disputed", "fees", "written_off"],
                    ),
                ),
                name="entry_accounts_listed",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="entry",
            name="entry_accounts_known",
        ),
    ]
