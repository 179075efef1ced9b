"""A worker's threads keep their connections to the database between tasks."""

from types import SimpleNamespace

import pytest
from django.db import connection

from core.task_connections import Fixup, WorkerFixup
from speedycheers.celery import app

TASK = SimpleNamespace(request=SimpleNamespace(is_eager=False))


@pytest.fixture
def around() -> WorkerFixup:
    [fixup] = app._fixups
    assert isinstance(fixup, Fixup)
    worker = fixup.worker_fixup
    assert isinstance(worker, WorkerFixup)
    return worker


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections that have been closed; a database in memory would be lost with its connection."""
    names: list[str] = []
    monkeypatch.setattr(connection, "close", lambda: names.append(connection.alias))
    return names


@pytest.mark.django_db(transaction=True)
def test_a_sound_connection_outlives_a_task(around: WorkerFixup, closed: list[str]) -> None:
    connection.ensure_connection()
    around.on_task_prerun(TASK)
    around.on_task_postrun(TASK)
    assert closed == []


@pytest.mark.django_db(transaction=True)
def test_a_broken_connection_is_closed(around: WorkerFixup, closed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection, "errors_occurred", True)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    around.on_task_postrun(TASK)
    assert closed == ["default"]
