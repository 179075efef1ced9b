"""One listening socket for all servers of a run. The free ones accept, and one that stops or dies refuses nobody."""

import contextlib
import os
import socket
import stat

from runner.run_lock import Refused

VARIABLE = "SPEEDYCHEERS_LISTENING_FD"
BACKLOG = 4096  # connections waiting to be accepted, a few at a time; more must begin again after a second
LOOPBACK = "127.0.0.1"


def take(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `Refused` if another program has the port."""
    # macOS lets one program listen on 127.0.0.1 beside another that listens everywhere.
    with contextlib.suppress(OSError, OverflowError), socket.create_connection((LOOPBACK, port), timeout=1):
        raise Refused(f"Port {port} is in use: choose another with PORT=….")
    if host != LOOPBACK:
        _listening(LOOPBACK, port).close()
    return _listening(host, port)


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Refused(f"Port {port} can't be used ({reason}): choose another with PORT=….") from None
    return listening


def endpoint(host: str, port: int) -> str:
    """Return where a server of this process accepts, as Twisted writes it: the run's socket, or one of its own."""
    value = os.environ.pop(VARIABLE, "")
    with contextlib.suppress(ValueError, OSError):
        if stat.S_ISSOCK(os.fstat(int(value)).st_mode):
            os.set_inheritable(int(value), False)
            return f"fd:fileno={value}"
    interface = host.replace(":", "\\:")
    return f"tcp:port={port}:interface={interface}:backlog={BACKLOG}"
