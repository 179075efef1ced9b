"""Share links: each shows one cheer to anyone who has it. They are unguessable, hashed at rest, and expire."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from accounts.models import User
from api.idempotency import effect
from core.errors import Conflict, Missing
from requests_app.models import CheerRequest, ShareLink
from requests_app.states import OPEN

TOKEN_BYTES = 24


def share_request(user: User, request_id: UUID, *, now: datetime) -> tuple[str, datetime]:
    """Create a link to an open request of the user.

    Returns: its token and its expiry.
    Raises: `Missing`, also for another user's request; `Conflict` if the request is closed.
    """
    request = _own(user, request_id)
    if request.status not in OPEN:
        raise Conflict(f"request_{request.status}", "Only a cheer that is under way can be shared.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now + timedelta(seconds=settings.SHARE_TTL_S)
    ShareLink.objects.create(request=request, digest=_digest(token), created_at=now, expires_at=expires_at)
    return token, expires_at


def stop_sharing(user: User, request_id: UUID) -> None:
    """Delete every link to a request. Raises `Missing`, also for another user's request."""
    request = _own(user, request_id)
    with effect() as answer:
        ShareLink.objects.filter(request=request).delete()
        answer.result()


def shared_request(token: str, *, now: datetime) -> ShareLink:
    """The link with this token, and its request. Raises `Missing` if it is unknown or has expired."""
    links = ShareLink.objects.select_related("request__region", "request__user", "request__request_type")
    found = links.filter(digest=_digest(token), expires_at__gt=now).first()
    if found is None:
        raise Missing
    return found


def _own(user: User, request_id: UUID) -> CheerRequest:
    request = CheerRequest.objects.filter(pk=request_id, user=user).first()
    if request is None:
        raise Missing
    return request


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
