"""How deep the searches among many possible runs go on each database."""

from django.db import connection


def tries(number: int) -> int:
    """Return all tries on PostgreSQL, and a third on SQLite, which lets one writer at a time get on.

    The suite runs on both; production runs on PostgreSQL, where more can happen at the same time.
    """
    return number if connection.vendor == "postgresql" else -(-number // 3)
