"""One port for everything: HTTP goes to the WSGI application in threads, sockets to Channels.

The event loop itself answers `/healthz`, and `/schema` once it is made, so that no crowd in the threads delays them.
"""

import gc
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest

from core import clock, vitals
from runner.prepared import Prepared, answer_of
from runner.wsgi_bridge import Bridge, build_environ

# Importing the WSGI application sets Django up, which the sockets' routing needs.
from speedycheers.wsgi import application as wsgi_application

from speedycheers.routing import websocket_application  # isort: skip

http_application = Prepared(
    Bridge(wsgi_application, threads=getattr(settings, "HTTP_THREADS", 8), arrives_s=settings.REQUEST_ARRIVES_S),
    always={b"/healthz": lambda secure: answer_of(wsgi_application, "/healthz", secure=secure)},
    kept=[b"/schema"],
    is_secure=lambda scope: WSGIRequest(build_environ(scope, b"")).is_secure(),
)

# What is loaded by now stays. Looking through it for garbage would stop every thread for more than a tenth of a second.
gc.collect()
gc.freeze()


async def application(scope: Any, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Hand a connection to the application for its protocol. Only granian speaks `lifespan`, as its workers start."""
    if scope["type"] == "http":
        await http_application(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket_application(scope, receive, send)
    elif scope["type"] == "lifespan":
        clock.follow()
        vitals.begin()
