"""How a statement would be carried out on tables that are large, asked on those of a test, which are tiny."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

AVOIDED = ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")


@contextmanager
def by_index() -> Iterator[None]:
    """Plans that are made inside use an index, in its own order, wherever there is one for it.

    With a few rows PostgreSQL reads all and sorts them, or not, by what it last knew of the table; SQLite does not look
    at the number of rows.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for way in AVOIDED:
                    cursor.execute(f"SET LOCAL enable_{way} = off")
        yield
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for way in AVOIDED:
                    cursor.execute(f"SET LOCAL enable_{way} TO DEFAULT")
