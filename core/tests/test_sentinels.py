"""The address of Sentinels, in the notation of each client."""

import pytest
import redis

from core import sentinels

URL = "sentinel://cheers:p%40ss%3B@valkey1,[::1]:26380,valkey3:26381/city/2"
TLS = "sentinels://:secret@valkey1:26379/city?ssl_ca_certs=/etc/ssl/internal-ca.pem&sentinel_password=other"
NODES = [("valkey1", 26379), ("::1", 26380), ("valkey3", 26381)]


def test_an_address_names_the_nodes_the_set_and_the_account() -> None:
    address = sentinels.parse(URL)
    assert address is not None
    assert (address.nodes, address.name) == (NODES, "city")
    assert address.options == {"username": "cheers", "password": "p@ss;", "db": 2}
    assert (address.asking["username"], address.asking["password"]) == (None, None)
    assert "p@ss" not in repr(address)


@pytest.mark.parametrize("url", ["redis://valkey1:6379/0", "rediss://valkey1:6379/0", "unix:///run/valkey.sock"])
def test_other_addresses_are_left_alone(url: str) -> None:
    assert sentinels.parse(url) is None
    assert sentinels.channel_host(url) == url
    assert sentinels.broker(url) == (url.replace("unix://", "redis+socket://"), {}, False)


@pytest.mark.parametrize("url", ["sentinel://valkey1", "sentinel:///city/0", "sentinel://valkey1,,valkey3/city/0"])
def test_an_address_without_a_name_or_a_node_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sentinel://host1:26379"):
        sentinels.parse(url)


def test_with_tls_every_client_checks_certificates() -> None:
    """Of Valkey and of the Sentinels, which name the server that the password is sent to."""
    checked = {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": "/etc/ssl/internal-ca.pem",
    }
    pool = sentinels.pool(TLS)
    assert issubclass(pool.connection_class, redis.SSLConnection)
    assert checked.items() <= pool.connection_kwargs.items()
    for sentinel in pool.sentinel_manager.sentinels:  # type: ignore[attr-defined]  # of a pool of Sentinels
        asking = sentinel.connection_pool
        assert issubclass(asking.connection_class, redis.SSLConnection)
        assert checked.items() <= asking.connection_kwargs.items()
        assert asking.connection_kwargs["password"] == "other"
    host = sentinels.channel_host(TLS)
    assert isinstance(host, dict)
    for options in (host, host["sentinel_kwargs"]):
        assert ({"ssl": True} | checked).items() <= options.items()
    url, transport, tls = sentinels.broker(TLS)
    assert (url, tls) == ("sentinel://:secret@valkey1:26379/0", checked)
    assert ({"ssl": True} | checked).items() <= transport["sentinel_kwargs"].items()


def test_the_broker_gets_every_node_with_its_own_escapes() -> None:
    url, transport, tls = sentinels.broker(URL)
    account = "cheers:p%40ss%3B"
    assert url.split(";") == [
        f"sentinel://{account}@valkey1:26379/2",
        f"sentinel://{account}@[::1]:26380/2",
        f"sentinel://{account}@valkey3:26381/2",
    ]
    assert (transport["master_name"], tls) == ("city", False)
