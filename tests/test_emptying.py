"""The rows that a test commits are gone before the next one, the ledger's too."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from payments.models import Entry
from rides.models import Ride
from tests.rows import OUR_APPS, models_of, rows_of


@pytest.mark.django_db(transaction=True)
def test_every_table_is_emptied_and_the_ledger_stays_append_only(completed: Ride) -> None:
    assert Entry.objects.exists()
    named = rows_of([ContentType, Permission])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM payments_entry")
    call_command("flush", interactive=False, verbosity=0)
    assert not {table for table, rows in rows_of(models_of(*OUR_APPS)).items() if rows}
    assert all(named.values())
    assert rows_of([ContentType, Permission]) == named  # the models and the rights on them
