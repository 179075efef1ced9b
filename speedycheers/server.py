"""`python -m speedycheers.server`: HTTP and sockets on one port, by daphne.

SIGTERM and SIGINT stop it within 3 s: no new connections, sockets closed with 1012 ("service restart",
clients come back at once), requests under way finished.
"""

import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")

from speedycheers import lifeline, protocols

logger = logging.getLogger(__name__)

OPEN_FILES = 65536
STOP_S = 2.0
EXIT_S = 3.0
BACKLOG = 1024  # connections waiting to be accepted; Twisted's 50 makes a crowd of sockets wait for seconds


class Server(protocols.Server):
    """daphne's server with our protocols, our signals and an orderly end."""

    def __init__(self, application: Any, *, host: str, port: int) -> None:
        from django.conf import settings

        self.stopping = False
        self.failed = False
        self.loop = protocols.event_loop
        interface = host.replace(":", "\\:")
        super().__init__(
            application=application,
            endpoints=[f"tcp:port={port}:interface={interface}:backlog={BACKLOG}"],
            signal_handlers=False,
            ping_interval=settings.SOCKET_PING_INTERVAL_S,
            ping_timeout=settings.SOCKET_PING_TIMEOUT_S,
            websocket_max_message_size=settings.SOCKET_MAX_FRAME_BYTES,
            websocket_max_frame_size=settings.SOCKET_MAX_FRAME_BYTES,
            application_close_timeout=5,
            ready_callable=self.prepare,
            server_name="speedycheers",
        )

    def prepare(self) -> None:
        """Called once daphne has made its factories, before anything is served."""
        self.ws_factory.protocol = protocols.Socket
        # Failing by a dropped connection, the default, would hide the close code.
        self.ws_factory.setProtocolOptions(failByDrop=False, closeHandshakeTimeout=1)
        make_channel = self.http_factory.buildProtocol

        def build(address: Any) -> Any:
            channel = make_channel(address)
            channel.requestFactory = protocols.Request
            return channel

        self.http_factory.buildProtocol = build
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.shut_down)

    def listen_error(self, failure: Any) -> None:
        """The port can't be had."""
        self.failed = True
        super().listen_error(failure)

    def shut_down(self) -> None:
        """Stop in good order; a second signal changes nothing."""
        if self.stopping:
            return
        self.stopping = True
        watchdog = threading.Timer(EXIT_S, os._exit, [0])
        watchdog.daemon = True
        watchdog.start()
        for listener in self.listeners:
            listener.addCallback(lambda port: port.stopListening())
        for protocol in list(self.connections):
            if isinstance(protocol, protocols.Socket):
                protocol.close_with(protocols.SERVICE_RESTART, "restarting")
        self.leave(time.monotonic() + STOP_S)

    def leave(self, deadline: float) -> None:
        """End the loop once nothing is under way, or at the deadline."""
        if self.under_way() and time.monotonic() < deadline:
            self.loop.call_later(0.02, self.leave, deadline)
        else:
            self.stop()

    def under_way(self) -> bool:
        """Whether a request or a socket is still being served."""
        return any(
            "disconnected" not in details or not (task := details.get("application_instance")) or not task.done()
            for details in self.connections.values()
        )

    def application_checker(self) -> None:
        """daphne's round of clean-ups. One that fails must not be the last."""
        self.again_after(1, super().application_checker, self.application_checker)

    def timeout_checker(self) -> None:
        """daphne's round of pings and time-outs."""
        self.again_after(2, super().timeout_checker, self.timeout_checker)

    def again_after(self, pause_s: float, work: Callable[[], None], again: Callable[[], None]) -> None:
        """Do the work, which plans its own next round at its end; plan it where the end isn't reached."""
        try:
            work()
        except Exception:
            logger.exception("a periodic check failed")
            self.loop.call_later(pause_s, again)

    def kill_all_applications(self) -> Any:
        """daphne's own stumbles over connections without an application and waits for the others without limit."""
        for details in self.connections.values():
            task = details.get("application_instance")
            if task is not None and not task.done():
                task.cancel()


def raise_open_files() -> None:
    """Allow as many sockets as the system lets us; the usual 1024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> int:
    """Serve until told to stop. Answers the exit code."""
    lifeline.watch()
    raise_open_files()
    from django.conf import settings

    from speedycheers.asgi import application

    server = Server(application, host=os.environ.get("HOST", "127.0.0.1"), port=settings.PORT)
    server.run()
    return 1 if server.failed else 0


if __name__ == "__main__":
    code = main()
    # Threads in the middle of a request would hold up an ordinary exit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
