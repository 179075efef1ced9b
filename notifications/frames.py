"""Parses the frames that clients send."""

from typing import Any

from api.parsers import MalformedJSON, loads
from core.errors import Invalid

Frame = dict[str, Any]


def parse_frame(text: str | None) -> Frame:
    """Parse a client's frame into a dict, whose `id` is optional and short. Raises `Invalid`."""
    if text is None:
        raise Invalid("invalid", "Send text frames.")
    try:
        content = loads(text)
    except MalformedJSON as error:
        raise Invalid("parse_error", str(error)) from None
    if not isinstance(content, dict):
        raise Invalid("invalid", "A frame is one JSON object.")
    frame_id = content.get("id")
    if isinstance(frame_id, bool) or not isinstance(frame_id, str | int | None) or len(str(frame_id)) > 64:
        raise Invalid("invalid", "An id is a string or an integer of at most 64 characters.", "id")
    return content


def frame_type(content: Frame) -> str:
    """Return the type of a frame. Raises `Invalid`."""
    kind = content.get("type")
    if not isinstance(kind, str):
        raise Invalid("required", "A frame needs a type.", "type")
    return kind
