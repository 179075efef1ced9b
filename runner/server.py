"""The daphne server for HTTP and sockets on one port, run by `python -m speedycheers.server`.

SIGTERM and SIGINT stop it within 3 s: it accepts no new connections, finishes the requests under way, and closes
sockets with 1012 ("service restart"), on which the first clients reconnect immediately, the others one by one.
"""

import logging
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")

from django.conf import settings
from django.utils.module_loading import import_string

from core import clock, vitals
from core.forwarded import client_address
from runner import (
    admission,
    daphne_internals,
    http_request,
    lifeline,
    memory,
    own_server,
    protocols,
    shared_port,
    stop_signals,
)

logger = logging.getLogger(__name__)

OPEN_FILES = 65536
STOP_S = 2.0
EXIT_S = 3.0
HANDSHAKE_S = 60  # longer than a client waits: its leaving ends a handshake
CLOSE_S = 5.0  # for an application to end after its connection
HEARTBEAT_ROUND_S = 1.0
ACCEPTED_AT_ONCE = 10  # connections in a turn of the event loop
# After this time, a thread that admits sockets gives way to the event loop, which waits for its turn at every read and
# write; Python's own is 5 ms.
SWITCH_S = 0.001


class Server(daphne_internals.Server):
    """daphne's server with our protocols, signal handlers and an orderly stop."""

    def __init__(self, application: Any, *, host: str, port: int) -> None:
        self.stopping = False
        self.failed = False
        self.open_sockets = 0  # as of the last round of heartbeats
        self.loop = daphne_internals.event_loop
        self.lost_after_s = settings.SOCKET_LOST_AFTER_S
        self.request_arrives_s = settings.REQUEST_ARRIVES_S
        self.open_from: Counter[str] = Counter()
        self.proxies: int = settings.REST_FRAMEWORK["NUM_PROXIES"]
        self.connections_max = 0 if self.proxies > 0 else settings.CONNECTIONS_PER_ADDRESS
        self.admission = admission.Admission()
        self.memory = memory.Memory()
        super().__init__(
            application=application,
            endpoints=[shared_port.endpoint(host, port)],
            signal_handlers=False,
            ping_interval=settings.SOCKET_PING_AFTER_S,
            ping_timeout=0,  # see `protocols.Socket.check_heartbeat`
            websocket_handshake_timeout=HANDSHAKE_S,
            websocket_connect_timeout=HANDSHAKE_S,
            websocket_max_message_size=settings.SOCKET_MAX_FRAME_BYTES,
            websocket_max_frame_size=settings.SOCKET_MAX_FRAME_BYTES,
            application_close_timeout=float("inf"),  # see `cancel_what_lingers`
            ready_callable=self.prepare,
            server_name="speedycheers",
        )

    def prepare(self) -> None:
        """Set protocols, limits and signal handlers. Called once daphne has its factories, before it serves."""
        # The default, to drop a failed connection, would hide the close code.
        self.ws_factory.setProtocolOptions(failByDrop=False, closeHandshakeTimeout=1)
        self.ws_factory.protocol = daphne_internals.sharing_options(protocols.Socket, self.ws_factory)
        daphne_internals.wrap_protocols(self.http_factory, self.welcome)
        daphne_internals.wrap_protocols(self.ws_factory, self.welcome_socket)
        # Twisted's own time-out, for idle connections.
        self.http_factory.timeOut = self.request_arrives_s
        stop_signals.watch(lambda: self.loop.call_soon_threadsafe(self.shut_down), exit_s=EXIT_S)

    def welcome(self, make: Callable[[Any], Any], address: Any) -> Any:
        """Return the protocol of a new connection, or None to close it if its address has too many."""
        host = getattr(address, "host", "")
        if 0 < self.connections_max <= self.open_from[host]:
            return None
        channel = make(address)
        channel.requestFactory = http_request.Request
        daphne_internals.refuse_folded_headers(channel)
        self.open_from[host] += 1
        daphne_internals.when_lost(channel, lambda: self.left(host))
        return channel

    def welcome_socket(self, make: Callable[[Any], Any], address: Any) -> Any:
        """Return the protocol of a connection that upgrades to a socket."""
        socket = make(address)
        socket.peer_host = getattr(address, "host", "")
        return socket

    def visitor_of(self, request: Any, peer_host: str) -> str:
        """Return the address of a handshake's client, behind the number of proxies that add to X-Forwarded-For."""
        return client_address(peer_host, request.headers.get("x-forwarded-for", ""), self.proxies)

    def left(self, host: str) -> None:
        """Uncount a connection of this address that is gone."""
        self.open_from[host] -= 1
        if self.open_from[host] <= 0:
            del self.open_from[host]

    def listen_success(self, port: Any) -> None:
        """Note that the port is there. A crowd is accepted slowly, so that those who are in are served meanwhile."""
        daphne_internals.accept_few(port, ACCEPTED_AT_ONCE)
        super().listen_success(port)

    def listen_error(self, failure: Any) -> None:
        """Note that the port can't be used."""
        self.failed = True
        super().listen_error(failure)

    def shut_down(self) -> None:
        """Begin an orderly stop; a second signal has no effect."""
        if self.stopping:
            return
        self.stopping = True
        for listener in self.listeners:
            listener.addCallback(lambda port: port.stopListening())
        sockets = [protocol for protocol in self.connections if isinstance(protocol, protocols.Socket)]
        for number, protocol in enumerate(sockets):
            protocol.close_with(protocols.SERVICE_RESTART, admission.farewell(number / self.admission.rate))
        for waiting in self.admission.close():
            waiting.turn_away(0.0)
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
            connected or task is None or not task.done() for task, connected in daphne_internals.applications(self)
        )

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Start the application for a connection; one for a socket may write without waiting."""
        if isinstance(protocol, protocols.Socket):
            scope["extensions"] = {"speedycheers.write": protocol.write_at_once}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        """Send a message of the application, which waits while a socket's peer must read first."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, protocols.Socket):
            self.admission.left(protocol)
            if protocol.congested:
                await protocol.drained()

    def application_checker(self) -> None:
        """Run daphne's clean-up, and again later even if it fails."""
        self.cancel_what_lingers()
        self.again_after(1, super().application_checker, self.application_checker)

    def cancel_what_lingers(self) -> None:
        """Cancel the applications of closed connections that have not ended in time, and log how many there were.

        daphne would log each of them with what it waits for, the account among it.
        """
        late = daphne_internals.lingering(self, CLOSE_S)
        for task in late:
            task.cancel()
        if late:
            logger.warning("closed connections whose application was cancelled: %d", len(late))

    def timeout_checker(self) -> None:
        """Run daphne's check of time-outs and our check of heartbeats."""
        self.again_after(HEARTBEAT_ROUND_S, self.look_after_connections, self.timeout_checker)

    def look_after_connections(self) -> None:
        """End requests and handshakes that take too long, and sockets whose peer is gone."""
        now, open_sockets = time.monotonic(), 0
        for protocol in tuple(self.connections):
            if isinstance(protocol, protocols.Socket) and protocol.state == protocol.STATE_OPEN:
                open_sockets += 1
                protocol.check_heartbeat(now)
            else:
                protocol.check_timeouts()
        self.open_sockets = open_sockets
        self.memory.note(len(self.connections))
        self.loop.call_later(HEARTBEAT_ROUND_S, self.timeout_checker)

    def again_after(self, pause_s: float, work: Callable[[], None], again: Callable[[], None]) -> None:
        """Do the work, which schedules `again` as its last step; schedule `again` here if the work fails."""
        try:
            work()
        except Exception:
            logger.exception("a periodic check failed")
            self.loop.call_later(pause_s, again)

    def kill_all_applications(self) -> Any:
        """Cancel all applications. daphne's version fails on connections without one and waits without limit."""
        for task, _connected in daphne_internals.applications(self):
            if task is not None and not task.done():
                task.cancel()


def raise_open_files() -> None:
    """Raise the limit of open files as far as allowed; the usual 1024 are too few for sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve() -> int:
    """Serve `settings.ASGI_APPLICATION` until told to stop. Returns the exit code."""
    own_server.claim()
    lifeline.watch()
    raise_open_files()
    sys.setswitchinterval(SWITCH_S)
    application = import_string(settings.ASGI_APPLICATION)
    server = Server(application, host=settings.HOST, port=settings.PORT)
    clock.follow()
    vitals.begin(sockets=lambda: server.open_sockets, handshakes=lambda: server.admission.count)
    server.run()
    return 1 if server.failed else 0


def main() -> None:
    """Serve, then leave the process."""
    code = serve()
    # Threads in the middle of a request would delay an ordinary exit.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
