"""Dropping the index or the uniqueness of a reference leaves the rest of its column alone, and can be taken back."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from core.schema import DropForeignKeyIndex, DropReferenceUniqueness
from payments.models import Transfer
from requests_app.models import Offer

pytestmark = pytest.mark.django_db(transaction=True)


def indexes() -> dict[str, bool]:
    """The names of the indexes of an offer's partner alone, and whether each is unique."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Offer._meta.db_table)
    return {
        name: about["unique"] for name, about in found.items() if about["index"] and about["columns"] == ["partner_id"]
    }


def states() -> tuple[ProjectState, ProjectState, DropForeignKeyIndex]:
    """The project with an index on an offer's partner, without it, and the operation in between."""
    without = migrations.loader.MigrationLoader(connection).project_state()
    before = without.clone()
    indexed = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="offers")
    before.alter_field("requests_app", "offer", "partner", indexed, preserve_default=True)
    partner = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="offers", db_index=False)
    return before, without, DropForeignKeyIndex("offer", "partner", partner)


def test_only_the_index_of_the_foreign_key_is_dropped() -> None:
    before, without, operation = states()
    assert indexes() == {"offer_one_open_per_partner": True}
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("requests_app", editor, without, before)
    assert sorted(indexes().values()) == [False, True]
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("requests_app", editor, before, without)
    assert indexes() == {"offer_one_open_per_partner": True}


def references_to_payments() -> dict[str, list[bool]]:
    """The unique constraints and the foreign keys of a transfer's payment."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Transfer._meta.db_table)
    about = [each for each in found.values() if each["columns"] == ["payment_id"]]
    return {kind: [True for each in about if each[kind]] for kind in ("unique", "foreign_key")}


def test_only_the_uniqueness_of_a_reference_is_dropped() -> None:
    after = migrations.loader.MigrationLoader(connection).project_state()
    before = after.clone()
    one = models.OneToOneField("payments.Payment", on_delete=models.PROTECT, related_name="transfers")
    before.alter_field("payments", "transfer", "payment", one, preserve_default=True)
    several = Transfer._meta.get_field("payment").clone()
    operation = DropReferenceUniqueness("transfer", "payment", several)
    assert references_to_payments() == {"unique": [], "foreign_key": [True]}
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("payments", editor, after, before)
    assert references_to_payments() == {"unique": [True], "foreign_key": [True]}
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("payments", editor, before, after)
    assert references_to_payments() == {"unique": [], "foreign_key": [True]}
