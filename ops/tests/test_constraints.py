"""The audit notices every declared constraint that the database does not enforce."""

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import CheckConstraint, UniqueConstraint

from backoffice.constraints import unenforced_constraints
from payments.models import Payment
from requests_app.models import CheerRequest
from tests.cast import OUR_APPS

OURS = [
    (model, constraint)
    for app in (*OUR_APPS, "api")
    for model in apps.get_app_config(app).get_models()
    for constraint in model._meta.constraints
]


@pytest.mark.django_db
def test_all_are_there() -> None:
    found = unenforced_constraints(DEFAULT_DB_ALIAS)
    assert found.examples == []
    assert found.looked_at > len(OURS)


@pytest.mark.django_db
def test_each_that_is_dropped_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are dropped, and each is missed by its name, and nothing else."""
    monkeypatch.setattr("backoffice.audit.EXAMPLES_MAX", len(OURS) + 1)
    # SQLite drops what stands in the statement that made a table only by making it again.
    dropped = [
        (model, constraint)
        for model, constraint in OURS
        if connection.vendor == "postgresql"
        or (isinstance(constraint, UniqueConstraint) and (constraint.condition is not None or constraint.expressions))
    ]
    with connection.cursor() as cursor:
        for model, constraint in dropped:
            cursor.execute(str(constraint.remove_sql(model, connection.schema_editor())))
    assert sorted(unenforced_constraints(DEFAULT_DB_ALIAS).examples) == sorted(it.name for _, it in dropped)


@pytest.mark.django_db
def test_the_audit_fails() -> None:
    constraint = next(c for c in CheerRequest._meta.constraints if c.name == "request_one_open_per_user")
    with connection.cursor() as cursor:
        cursor.execute(str(constraint.remove_sql(CheerRequest, connection.schema_editor())))
    with pytest.raises(CommandError, match="1 of"):
        call_command("audit", "--only", "declared_constraints_are_enforced")


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite knows no constraint that is not validated")
def test_one_that_is_not_valid_for_old_rows_is_missed() -> None:
    [constraint] = [c for c in Payment._meta.constraints if c.name == "payment_kind_known"]
    assert isinstance(constraint, CheckConstraint)
    with connection.cursor() as cursor:
        cursor.execute(str(constraint.remove_sql(Payment, connection.schema_editor())))
        cursor.execute(f"{constraint.create_sql(Payment, connection.schema_editor())} NOT VALID")
    assert unenforced_constraints(DEFAULT_DB_ALIAS).examples == ["payment_kind_known"]
