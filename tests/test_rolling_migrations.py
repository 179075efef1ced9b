"""Migrations under which the processes of the release before go on, while those of the next start one by one.

A migration that they would fail under, or that locks a table for long, is listed in `upgrade/needs_a_stop.txt`, and the
changelog says that its release needs the old processes stopped. Better is a migration in two releases.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tests.upgrade import dumps

LISTED = Path(__file__).parent / "upgrade" / "needs_a_stop.txt"
APPLIED = re.compile(r"INSERT INTO public\.django_migrations VALUES\n(.+?);\n", re.DOTALL)
# Old code still names what these take away.
TAKE_AWAY = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def released() -> set[tuple[str, str]]:
    """The migrations of the last release."""
    rows = APPLIED.search(dumps.dump_path(dumps.releases()[-1], "postgres").read_text())
    assert rows is not None
    return set(re.findall(r"\(\d+, '(\w+)', '(\w+)',", rows[1]))


def column_type(field: Any) -> str:
    """The type of a field's column: that of a reference does not say whether several rows may have the same."""
    return str(field.get_internal_type()).replace("OneToOneField", "ForeignKey")


def flaws(app: str, operation: Any, before: ProjectState, new: set[tuple[str, ...]]) -> Iterator[str]:
    """Say what is wrong with an operation, for code of the release before and for those who use the table meanwhile.

    `new` has the models and fields that this code does not know.
    """
    kind, model = type(operation).__name__, getattr(operation, "model_name", getattr(operation, "name", "")).lower()
    name = getattr(operation, "name", getattr(operation, "old_name", "")) or ""
    if (app, model) in new or (app, model, name) in new:
        return
    if isinstance(operation, TAKE_AWAY):
        yield f"{kind} {model}.{name}: old code still names it"
    elif isinstance(operation, migrations.AddField):
        field = operation.field
        if not field.null and field.db_default is models.NOT_PROVIDED and not field.many_to_many:
            yield f"AddField {model}.{name}: old code inserts rows without it (give it a db_default)"
    elif isinstance(operation, migrations.AddIndex) and not isinstance(operation, AddIndexConcurrently):
        yield f"AddIndex {model}: writers wait until it is built (use AddIndexConcurrently)"
    elif isinstance(operation, migrations.AlterField):
        old = before.models[app, model].fields[name]
        if old.null and not operation.field.null:
            yield f"AlterField {model}.{name}: old code still writes NULL"
        elif column_type(old) != column_type(operation.field):
            yield f"AlterField {model}.{name}: another type rewrites the table"


def found(loader: MigrationLoader, old: set[tuple[str, str]], ours: set[str]) -> list[str]:
    """The flaws of all migrations that came after a release. One that stands for others is for new databases."""
    said = []
    new: set[tuple[str, ...]] = set()
    for key, migration in sorted(loader.disk_migrations.items()):
        app = key[0]
        if app in ours and key not in old and not migration.replaces:
            state = loader.project_state(key, at_end=False)
            for operation in migration.operations:
                said += [f"{app}.{key[1]} {flaw}" for flaw in flaws(app, operation, state, new)]
                operation.state_forwards(app, state)
                if isinstance(operation, migrations.CreateModel):
                    new.add((app, operation.name.lower()))
                elif isinstance(operation, migrations.AddField):
                    new.add((app, operation.model_name.lower(), operation.name))
    return said


def test_the_release_before_runs_under_every_new_migration_but_the_listed() -> None:
    loader = MigrationLoader(None, replace_migrations=False)
    old = released()
    assert ("rides", "0001_initial") in old
    listed = LISTED.read_text().splitlines()
    assert found(loader, old, {app for app, _ in old}) == [line for line in listed if not line.startswith("#")]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (migrations.RemoveField("ride", "pin"), "old code still names it"),
        (migrations.AddField("ride", "more", models.IntegerField(default=0)), "old code inserts rows without it"),
        (migrations.AddField("ride", "more", models.IntegerField(db_default=0)), None),
        (migrations.AddField("ride", "more", models.IntegerField(null=True)), None),
        (migrations.AlterField("ride", "end_time", models.DateTimeField()), "old code still writes NULL"),
        (migrations.AlterField("ride", "status", models.IntegerField()), "another type rewrites the table"),
        (migrations.AddField("new", "more", models.IntegerField(default=0)), None),
    ],
)
def test_each_kind_of_flaw_is_found(operation: Any, said: str | None) -> None:
    state = MigrationLoader(None).project_state()
    assert [
        flaw.partition(": ")[2].partition(" (")[0] for flaw in flaws("rides", operation, state, {("rides", "new")})
    ] == ([said] if said else [])
