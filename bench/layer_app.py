"""The peer of bench.delivery: a consumer as in Channels' documentation, on channels-redis' pub/sub layer."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer


class LayerConsumer(AsyncWebsocketConsumer):
    """One connection in a group of its own, named by its path."""

    async def connect(self) -> None:
        self.group = self.scope["path"].strip("/")
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send(text_data="{}")

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def event(self, message: dict[str, Any]) -> None:
        """Send a message of the group to the client."""
        await self.send(text_data=message["text"])


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve sockets only."""
    if scope["type"] == "websocket":
        await LayerConsumer.as_asgi()(scope, receive, send)
