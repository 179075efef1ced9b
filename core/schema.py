"""Operations of migrations that don't stop a running service."""

from typing import Any

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import AddConstraint, AddIndex, AlterField, RemoveIndex
from django.db.models import Index, Model
from django.db.models.expressions import OrderBy
from django.db.models.functions import Collate, Upper
from django.db.models.indexes import IndexExpression

# As django.contrib.postgres does where it is installed; it would also ask each new connection for types of its own.
IndexExpression.register_wrappers(OrderBy, OpClass, Collate)


class PrefixIndex(Index):
    """An index of a text column that leads PostgreSQL to the values that begin with something, in either case."""

    def __init__(self, field: str, *, name: str) -> None:
        super().__init__(Upper(field), name=name)
        self.field = field

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """Return how a migration makes it."""
        return f"{type(self).__module__}.{type(self).__name__}", (self.field,), {"name": self.name}

    def create_sql(self, model: type[Model], schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        """Make the statement that creates it. Only PostgreSQL has more than one order of texts."""
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        index = Index(OpClass(Upper(self.field), name="text_pattern_ops"), name=self.name)
        return index.create_sql(model, schema_editor, using, **kwargs)


class AddIndexInUse(AddIndexConcurrently):
    """Adds an index while the table is in use. The migration must have `atomic = False`."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Create the index."""
        how = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        how.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop it."""
        how = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else AddIndex
        how.database_backwards(self, app_label, schema_editor, from_state, to_state)


class DropIndexInUse(RemoveIndexConcurrently):
    """Drops an index while the table is in use. The migration must have `atomic = False`."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the index."""
        how = RemoveIndexConcurrently if schema_editor.connection.vendor == "postgresql" else RemoveIndex
        how.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Create it again."""
        how = RemoveIndexConcurrently if schema_editor.connection.vendor == "postgresql" else RemoveIndex
        how.database_backwards(self, app_label, schema_editor, from_state, to_state)


class DropForeignKeyIndex(AlterField):
    """Alters a foreign key to `db_index=False`, and drops its index while the table is in use.

    The migration must have `atomic = False`, because PostgreSQL drops no index concurrently inside a transaction.
    Django's own operation locks the table, and drops partial unique indexes of the same column as well.
    """

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the index; backwards, when the field has one in `to_state`, create it."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        field = model._meta.get_field(self.name)
        if field.db_index:
            options = {"concurrently": True} if is_postgresql else {}
            schema_editor.execute(schema_editor._create_index_sql(model, fields=[field], **options))
            return
        declared = {index.name for index in model._meta.indexes}
        names = schema_editor._constraint_names(model, [field.column], index=True, unique=False, exclude=declared)
        for name in names:
            concurrently = "CONCURRENTLY " if is_postgresql else ""
            schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {schema_editor.quote_name(name)}")


class DropReferenceUniqueness(AlterField):
    """Alters a one-to-one reference to a foreign key without an index, while the table is in use.

    Django's own operation also drops the reference and checks it anew in every row. Backwards, it is Django's own.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the unique constraint; backwards, when the field is unique in `to_state`, create it."""
        model = to_state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.name)
        if schema_editor.connection.vendor != "postgresql" or field.unique:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            table = schema_editor.quote_name(model._meta.db_table)
            for name in schema_editor._constraint_names(model, [field.column], unique=True, primary_key=False):
                schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {schema_editor.quote_name(name)}")


class AllowNull(AlterField):
    """Alters a reference to one that may be empty, while the table is in use.

    Django's own operation also drops the reference and checks it anew in every row. Backwards, it is Django's own.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Let the column be empty."""
        model = to_state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.name)
        if schema_editor.connection.vendor != "postgresql" or not field.null:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            table, column = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(field.column)
            schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")


class AddCheckInUse(AddConstraint):
    """Adds a check while the table is in use: old rows are looked at without a lock that holds writers up.

    The migration must have `atomic = False`, or the lock of the first statement lasts until the second has ended.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Create the constraint for new rows, then validate it for the old ones."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.constraint.name)
            # A run that was interrupted may have left it behind.
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
            schema_editor.execute(f"{self.constraint.create_sql(model, schema_editor)} NOT VALID", params=None)
            schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
