"""One of several processes leads."""

from core.valkey import client, leads

KEY = "staff:leader"


def test_one_leads_until_it_is_gone() -> None:
    assert leads(KEY, "one", 5)
    assert not leads(KEY, "other", 5)
    assert leads(KEY, "one", 50)
    assert client().pttl(KEY) > 5000
    client().delete(KEY)  # its time is over
    assert leads(KEY, "other", 5)
    assert not leads(KEY, "one", 5)
