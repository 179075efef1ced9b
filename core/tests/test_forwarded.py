"""The address of a client is the word of the outermost proxy of ours, and never the client's own."""

import pytest

from core.forwarded import client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded_for", "address"),
    [
        (0, "", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.66, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9, ", "192.0.2.1"),
    ],
)
def test_the_address_of_a_client(proxies: int, forwarded_for: str, address: str) -> None:
    assert client_address("192.0.2.1", forwarded_for, proxies) == address
