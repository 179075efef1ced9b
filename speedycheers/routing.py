"""The addresses of sockets."""

from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from accounts.socket_auth import SameOrigin, SocketAuth
from api.request_log import SocketLog
from ops.consumers import StaffConsumer
from requests_app.consumers import PartnerConsumer, UserConsumer


async def no_such_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reject the handshake at any other address."""
    await send({"type": "websocket.close", "code": 4404})


addresses = URLRouter(
    [
        path("partner/notification", PartnerConsumer.as_asgi()),
        path("user/notification", UserConsumer.as_asgi()),
        path("staff/notification", StaffConsumer.as_asgi()),
        re_path(r"", no_such_socket),  # type: ignore[arg-type]
    ]
)
websocket_application = SocketLog(SameOrigin(SocketAuth(addresses)))
