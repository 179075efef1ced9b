from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

# Each with the table that it reads or writes.
TRIGGERS = {
    "payments_period": """
        CREATE TRIGGER IF NOT EXISTS payments_entry_in_open_period BEFORE INSERT ON payments_entry
        WHEN EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at)
        BEGIN SELECT RAISE(ABORT, 'the period of this entry is closed'); END""",
    "payments_countedday": """
        CREATE TRIGGER IF NOT EXISTS payments_entry_uncounts_its_day AFTER INSERT ON payments_entry
        BEGIN DELETE FROM payments_countedday WHERE day = date(NEW.at); END""",
}


def restore_triggers(using: str, **_: Any) -> None:
    """Restore the ledger's triggers on SQLite, which loses those of a table when a migration alters it."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        tables = connection.introspection.table_names()
        with connection.cursor() as cursor:
            for table, trigger in TRIGGERS.items():
                if table in tables:
                    cursor.execute(trigger)


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        """Look after the ledger's triggers after every migration."""
        post_migrate.connect(restore_triggers, sender=self, dispatch_uid="ledger_triggers")
