"""`Idempotency-Key`: the same key and body give the same answer for 24 hours.

The answer is stored in the transaction of the effect: either both are there or neither, so a crash
in between leaves nothing to clean up, and of two calls at once the second waits and repeats the first's answer.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.models import IdempotencyRecord
from core.errors import Conflict, Invalid, ServiceError

KEY_MAX_CHARS = 255
Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Let a view's method honour `Idempotency-Key`. Not for answers that carry a secret: they would be stored."""

    @wraps(handler)
    def wrapper(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not key.strip() or len(key) > KEY_MAX_CHARS or not key.isprintable():
            raise Invalid(
                "invalid", "Idempotency-Key takes 1 to %(n)s printable characters.", "Idempotency-Key", n=KEY_MAX_CHARS
            )
        with transaction.atomic():
            record, mine = _claim(_scope(request), key, _fingerprint(request), timezone.now())
            if not mine:
                return Response(record.body, status=record.status, headers={"Idempotency-Replayed": "true"})
            response = _answer(handler, view, request, *args, **kwargs)
            record.status, record.body = response.status_code, response.data
            record.save(update_fields=["status", "body"])
            return response

    wrapper.idempotent = True  # type: ignore[attr-defined]  # the schema names the header where it is honoured
    return wrapper


def _claim(scope: str, key: str, fingerprint: str, now: datetime) -> tuple[IdempotencyRecord, bool]:
    """This call's record, and whether this call is the first with its key. Raises `Conflict` on another body."""
    oldest = now - timedelta(seconds=settings.IDEMPOTENCY_KEY_TTL_S)
    IdempotencyRecord.objects.filter(scope=scope, key=key, created_at__lt=oldest).delete()
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(scope=scope, key=key, fingerprint=fingerprint, created_at=now)
        return record, True
    except IntegrityError:
        record = IdempotencyRecord.objects.get(scope=scope, key=key)
    if record.fingerprint != fingerprint:
        raise Conflict("idempotency_mismatch", "This Idempotency-Key was used with another call.")
    return record, False


def _answer(handler: Handler, view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
    """The handler's answer, or the error it ended in; an error's partial writes are rolled back.

    Except where the error's class has `keeps_writes`: what was written is then the point, such as a wrong PIN counted.
    """
    kept: ServiceError | None = None
    try:
        with transaction.atomic():
            try:
                return handler(view, request, *args, **kwargs)
            except ServiceError as error:
                if not getattr(error, "keeps_writes", False):
                    raise
                kept = error
        raise kept
    except (ServiceError, APIException) as error:
        response: Response = view.handle_exception(error)
        if response.status_code >= 500:
            raise
        return response


def _scope(request: Request) -> str:
    return f"user:{request.user.pk}" if request.user.is_authenticated else "anonymous"


def _fingerprint(request: Request) -> str:
    call = json.dumps([request.method, request.path, request.data], sort_keys=True)
    # Keyed, because a body may hold a password, which a plain digest would let somebody guess.
    return salted_hmac("idempotency", call, algorithm="sha256").hexdigest()
