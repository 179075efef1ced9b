"""One migrated and seeded installation for the tests of this folder."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from testbed.environment import make_folder
from testbed.postgres import Postgres, drop_database, fresh_database
from tests.production.installation import Installation


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    folder = make_folder()
    server = Postgres(folder / "pg", durable=True)
    url = fresh_database(server.url)
    found = Installation(server, url, folder / "var", {"REDIS_URL": settings.REDIS_URL})
    try:
        migrated = found.manage("migrate", "--noinput")
        assert migrated.returncode == 0, migrated.stderr
        yield found
    finally:
        drop_database(server.url, url)
        server.stop()
