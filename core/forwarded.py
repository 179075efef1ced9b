"""The address of a client behind proxies."""


def client_address(peer: str, forwarded_for: str, proxies: int) -> str:
    """Return a client's address by X-Forwarded-For, as REST framework determines it for HTTP.

    Args:
        peer: the other end of the connection.
        forwarded_for: the header's value; each proxy has added the address that it was called from.
        proxies: how many of them are ours. What stands before their entries is the client's own word.
    """
    hops = forwarded_for.split(",")[-proxies:] if proxies else []
    return (hops[0].strip() if hops else "") or peer
