"""Scenes with alerts that other apps' tests share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from django.utils import timezone

from accounts.models import User
from alerts.models import Alert
from alerts.rules import BY_NAME
from alerts.services import acknowledge, fire

Received = tuple[dict[str, str], bytes]  # headers and body of a call


def make_alert(staff: User | None = None) -> Alert:
    """An alert that fires, and with `staff`, that they have acknowledged."""
    assert fire(BY_NAME["NoWorker"], "", 0, now=timezone.now())
    alert = Alert.objects.latest("fired_at")
    if staff is not None:
        acknowledge(alert, actor=staff, now=timezone.now())
    return alert


@contextmanager
def receiver(status: int = 200) -> Iterator[tuple[str, list[Received]]]:
    """A server on loopback that is told of alerts: its address, and the calls that it has got."""
    calls: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
