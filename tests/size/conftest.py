"""The city whose size the tests here look at."""

from collections.abc import Iterator

import pytest
import pytest_django
from django.conf import settings

from regions.selectors import forget_regions
from tests.fuzz.world import rolled_back
from tests.size.beside import with_the_rest
from tests.size.city import Grown, grow


@pytest.fixture(scope="package")
def grown(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Grown]:
    """Built once, in a transaction that is never committed."""
    with django_db_blocker.unblock(), rolled_back():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "DEBUG", True)
            city = grow()
        yield city
    forget_regions()


@pytest.fixture(scope="module")
def filled(grown: Grown, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Grown]:
    """The same city with many rows in the other tables as well."""
    with django_db_blocker.unblock(), rolled_back():
        yield with_the_rest(grown)
