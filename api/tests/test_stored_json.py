"""JSON that is stored packed: events' payloads and kept answers."""

import hashlib
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.state import ProjectState
from django.utils import timezone

from api.models import IdempotencyRecord
from api.stored_json import DICTIONARY_1, StoredJSONField, ToStoredJSON, packed, unpacked
from core.sql import insert_all
from notifications.models import Event

TOLD: list[Any] = [{}, None, [], "x", 0.1, {"a": {"b": [1, None, True]}}, {"name": "José 🎉 \u0000", "n": 10**30}]


@pytest.mark.parametrize("told", TOLD, ids=repr)
def test_what_is_packed_is_unpacked(told: Any) -> None:
    assert unpacked(packed(told)) == told


@pytest.mark.parametrize("told", [float("nan"), {"a": float("inf")}], ids=repr)
def test_a_number_that_json_lacks_is_refused(told: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        packed(told)


def test_the_dictionary_never_changes() -> None:
    """Stored values need this dictionary to be read. A better one is another file, with another number."""
    assert (
        hashlib.sha256(DICTIONARY_1).hexdigest() == "6965a7465c512be28988221073b2d43eb4945edcec5287c777e5c8af827fec34"
    )
    assert unpacked(bytes.fromhex("01438ab0446cb19888b5c2aaad0500")) == {
        "rideId": "a",
        "ride": {"rideId": "a", "status": "en_route"},
    }


def test_what_a_newer_release_has_packed_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="a newer release"):
        unpacked(b"\x07{}")
    with pytest.raises(ValueError, match="a newer release"):
        unpacked(b"")


def test_it_is_read_and_written_in_every_way(db: None) -> None:
    at = timezone.now()
    rows = [Event(recipient="user:a", seq=seq, type="x", payload={"n": seq}, created_at=at) for seq in (1, 2)]
    insert_all(rows, using="default")
    first = Event.objects.get(seq=1)
    first.payload = {"n": "é"}
    Event.objects.bulk_update([first], ["payload"])
    Event.objects.filter(seq=2).update(payload={})
    told: list[Any] = list(Event.objects.order_by("seq").values_list("payload", flat=True))
    assert told == [{"n": "é"}, {}]
    assert Event._meta.get_field("payload").value_to_string(first) == '{"n": "\\u00e9"}'  # type: ignore[union-attr]


def test_no_answer_is_null(db: None) -> None:
    IdempotencyRecord.objects.create(
        scope="a", key="b", fingerprint="", status=204, body=None, created_at=timezone.now()
    )
    assert IdempotencyRecord.objects.filter(body=None).get().body is None


@pytest.mark.django_db(transaction=True)
def test_a_migration_keeps_what_an_earlier_release_has_stored() -> None:
    start, before, after = (ProjectState() for _ in range(3))
    make = migrations.CreateModel(
        "Told", [("id", models.BigAutoField(primary_key=True)), ("text", models.JSONField(null=True))]
    )
    change = ToStoredJSON("told", "text", StoredJSONField(null=True))
    make.state_forwards("api", before)
    make.state_forwards("api", after)
    change.state_forwards("api", after)
    with connection.schema_editor() as editor:
        make.database_forwards("api", editor, start, before)
    try:
        for told in TOLD[:-1]:
            before.apps.get_model("api", "Told").objects.create(text=told)
        with connection.schema_editor() as editor:
            change.database_forwards("api", editor, before, after)
        kept = after.apps.get_model("api", "Told").objects
        assert [row.text for row in kept.order_by("id")] == TOLD[:-1]
        kept.create(text=TOLD[-1])
        assert kept.latest("id").text == TOLD[-1]
        with pytest.raises(IrreversibleError), connection.schema_editor() as editor:
            change.database_backwards("api", editor, after, before)
    finally:
        with connection.schema_editor() as editor:
            make.database_backwards("api", editor, after, start)
