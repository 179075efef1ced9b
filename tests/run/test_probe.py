import pytest


def test_x(settings):
    from django.db import connection
    from speedycheers.valkey import client

    client().set("a", 1)
    print(settings.DATABASES["default"], settings.REDIS_URL)


def test_y():
    from speedycheers.valkey import client

    assert client().get("a") is None


@pytest.mark.django_db
def test_z():
    from django.db import connection

    with connection.cursor() as c:
        c.execute("select 1")
        print(connection.settings_dict["NAME"])
