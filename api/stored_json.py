"""JSON that is stored small, for what is written with each call: the events' payloads and the answers that are kept.

PostgreSQL compresses values only in rows above 2 kB, and these have a quarter of that. They consist of names and words
that our objects always have, so they are packed by zlib with a dictionary of such objects: to a fifth or less.

A stored value begins with a byte that says how it is packed. What is packed with a dictionary needs that one for ever,
so a dictionary never changes: a better one would be another file, with another number.
"""

import json
import zlib
from pathlib import Path
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AlterField
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.state import ProjectState

PLAIN, WITH_DICTIONARY_1 = b"\x00", b"\x01"
DICTIONARY_1 = Path(__file__).with_name("stored_json_1.txt").read_bytes()


def packed(value: Any) -> bytes:
    """Return JSON as it is stored. Raises `ValueError` for numbers that JSON does not have."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=DICTIONARY_1)
    return WITH_DICTIONARY_1 + packer.compress(text.encode()) + packer.flush()


def unpacked(stored: bytes) -> Any:
    """Return the JSON in a stored value."""
    text = stored[1:]
    if stored[:1] == WITH_DICTIONARY_1:
        text = zlib.decompressobj(-zlib.MAX_WBITS, zdict=DICTIONARY_1).decompress(text)
    elif stored[:1] != PLAIN:
        raise ValueError("a newer release has stored this")
    return json.loads(text)


class StoredJSONField(models.BinaryField):  # type: ignore[type-arg]  # not generic when it runs
    """JSON that is read and written as a whole; SQL can't look into it."""

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return super().get_db_prep_value(None if value is None else packed(value), connection, prepared)

    def from_db_value(self, stored: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Unpack a value. SQLite gives text where a release that did not pack has stored it."""
        if stored is None:
            return None
        return json.loads(stored) if isinstance(stored, str) else unpacked(bytes(stored))

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


class ToStoredJSON(AlterField):
    """Makes a JSON column one of `StoredJSONField`. PostgreSQL rewrites the table; values stay plain until they go."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Alter the column; only the values on PostgreSQL want a byte in front."""
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        quote = schema_editor.quote_name
        column = quote(str(model._meta.get_field(self.name).column))
        text = f"'\\x00'::bytea || convert_to({column}::text, 'UTF8')"
        schema_editor.execute(
            f"ALTER TABLE {quote(model._meta.db_table)} ALTER COLUMN {column} TYPE bytea USING {text}"
        )

    def database_backwards(self, *args: Any) -> None:
        """Raise, because SQL can't unpack."""
        raise IrreversibleError("What is packed can't become JSON again; delete the rows, which are kept for days.")
