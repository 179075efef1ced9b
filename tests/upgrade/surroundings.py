"""What a fill runs in: a database and a Valkey of its own.

Importing this module starts them and sets Django up, so that what is imported afterwards may import models. It is for
the process that `fill.py` starts, and for nothing else.
"""

import atexit
import os
from pathlib import Path

import django
from django.conf import settings

from testbed import environment
from testbed.postgres import Postgres
from tests.upgrade import dumps


def surround(database: str) -> Postgres | None:
    """Start what the program needs, in a temporary folder, and set Django up; returns PostgreSQL where that is used."""
    for name in environment.IGNORED:
        os.environ.pop(name, None)
    os.environ["DEBUG"] = "1"
    folder = environment.make_folder()
    os.environ["SPEEDYCHEERS_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
    server = Postgres(folder / "pg") if database == "postgres" else None
    if server is not None:
        atexit.register(server.stop)
        os.environ["DATABASE_URL"] = server.url
    settings.POSITION_FLUSH_S = 0.0  # each report is written by the thread that takes it
    settings.ALLOWED_HOSTS.append("testserver")  # as test clients call themselves
    environment.start_valkey()
    django.setup()
    return server


POSTGRES = surround(os.environ.pop("FILL_DATABASE"))


def dumped() -> str:
    """The database, as SQL."""
    if POSTGRES is None:
        return dumps.sqlite_dump(Path(settings.DATABASES["default"]["NAME"]))
    return dumps.postgres_dump(POSTGRES.url, POSTGRES.install / "bin" / "pg_dump")
