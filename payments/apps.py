from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

TRIGGER = """CREATE TRIGGER IF NOT EXISTS payments_entry_in_open_period BEFORE INSERT ON payments_entry
             WHEN EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at)
             BEGIN SELECT RAISE(ABORT, 'the period of this entry is closed'); END"""


def refuse_closed_periods(using: str, **_: Any) -> None:
    """Let SQLite refuse entries into closed months again: it loses a table's triggers when a migration alters it."""
    connection = connections[using]
    if connection.vendor == "sqlite" and "payments_period" in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(TRIGGER)


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        """Look after the ledger's trigger after every migration."""
        post_migrate.connect(refuse_closed_periods, sender=self, dispatch_uid="closed_periods")
