"""The surroundings of the access tests: a city without limits, whose pages are not drawn."""

from collections.abc import Iterator

import pytest
import pytest_django
from django.conf import settings
from django.contrib import admin
from django.template.backends.django import Template
from django.utils.safestring import SafeString

from api import health, page_throttle
from regions.selectors import forget_regions
from tests.access.people import City, make_city
from tests.fuzz.conftest import _connections_stay_open, _open_house, lines  # noqa: F401
from tests.fuzz.world import make_world, rolled_back


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages come out empty: access is decided before one is drawn, and drawing takes longest."""
    monkeypatch.setattr(type(admin.site), "each_context", lambda self, request: {})
    monkeypatch.setattr(Template, "render", lambda self, context=None, request=None: SafeString(""))


@pytest.fixture(autouse=True)
def _no_page_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_throttle, "hit_all", lambda counts: None)


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker and a sweep are said to run: to find out takes seconds."""
    for part in ("worker", "sweep"):
        monkeypatch.setitem(health.CHECKS, part, lambda: None)


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[City]:
    """Built once a module, in a transaction that is never committed."""
    with django_db_blocker.unblock(), rolled_back(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "OFFER_TTL_S", 3600)
        yield make_city(make_world())
    forget_regions()


@pytest.fixture
def city(_built: City, db: None) -> City:
    """As it was built: each call is undone."""
    forget_regions()
    return _built
