"""`Idempotency-Key`: the same key and body give the same answer for 24 hours.

    @idempotent(ride_body, status=201)      # how the service's result is rendered
    def post(self, request):
        return services.open_ride(...)

    def open_ride(...):
        with effect() as answer:            # one transaction
            ...
            answer.result(ride)             # stored, if the call has a key, as the transaction's last statement

The answer commits with the effect, so a crash leaves both or neither. A repeated call runs too, after the first or
simultaneously: its answer violates `idempotency_key_once`, its transaction is rolled back, and it returns the first
call's answer. A repeated call that fails because of the first one's effect also returns that answer. An answer
without an effect, such as a refusal, is not stored.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial, wraps
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import IntegrityError, router, transaction
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.addresses import address_of
from api.errors import service_error_body
from api.models import IdempotencyRecord
from core import clock
from core.errors import Conflict, Invalid, ServiceError
from core.rows import read_rows
from core.sql import insert_all

KEY_MAX_CHARS = 255
Render = Callable[[Any, Any], Any]  # (the service's result, the caller) -> the answer's JSON


class AnsweredBefore(Exception):
    """An earlier call with this key has committed its answer; this call's transaction is rolled back."""


@dataclass
class Call:
    """A call with a key, while its handler runs. `answer` is the status and body stored for it."""

    scope: str
    key: str
    fingerprints: list[str]  # under SECRET_KEY, then under its fallbacks
    status: int
    render: Callable[[Any], Any]
    answer: tuple[int, Any] | None = None


_call: ContextVar[Call | None] = ContextVar("idempotent_call", default=None)


# ---------------------------------------------------------------- in services


class Answer:
    """The answer to the call that causes an effect, set inside the effect's transaction."""

    def __init__(self, using: str, call: Call | None = None) -> None:
        self._using = using
        self._call = call
        self._stored: tuple[int, Any] | None = None

    def result(self, result: Any = None, *, rendered: Any = None) -> None:
        """Set the service's result, once it is final.

        `rendered`: its JSON for the caller, if an event contains it already.
        """
        if self._call is not None:
            self._stored = self._call.status, self._call.render(result) if rendered is None else rendered

    def refusal(self, error: ServiceError) -> None:
        """Set an error that is raised after the commit because its effect stays, such as a counted failure."""
        if self._call is not None:
            self._stored = error.status, service_error_body(error)

    def write(self) -> None:
        """Insert the record. Raises `AnsweredBefore`."""
        if self._call is None or self._stored is None or self._call.answer is not None:
            return
        status, body = self._stored
        record = IdempotencyRecord(
            scope=self._call.scope,
            key=self._call.key,
            fingerprint=self._call.fingerprints[0],
            status=status,
            body=body,
            created_at=clock.now(),
        )
        try:
            insert_all([record], using=self._using)
        except IntegrityError as error:  # idempotency_key_once, the table's only constraint
            raise AnsweredBefore from error

    def committed(self) -> None:
        """Pass the stored answer to the call's decorator."""
        if self._call is not None and self._stored is not None:
            self._call.answer = self._stored


@contextmanager
def effect(using: str | None = None, *, whole: bool = False) -> Iterator[Answer]:
    """Open a transaction whose changes commit together with the answer to the current call.

    `using` is the alias of a database; a router chooses one by default.
    `whole`: effects within are parts of this one, and set no answer of their own.
    """
    using = using or router.db_for_write(IdempotencyRecord)
    call = _call.get()
    # A call has one answer: later effects, such as hooks after the commit, don't add to it.
    answer = Answer(using, call if call is not None and call.answer is None else None)
    with transaction.atomic(using):
        token = _call.set(None if whole else call)
        try:
            yield answer
        finally:
            _call.reset(token)
        answer.write()
    answer.committed()


def store_answer(result: Any = None) -> None:
    """Store the answer to a call whose effect is not in the database."""
    if _call.get() is not None:
        with effect() as answer:
            answer.result(result)


def part(name: str, render: Callable[[Any], Any], handle: Callable[[], Any]) -> Any:
    """Run a part of the current call that has an effect of its own; returns its JSON.

    If the call has a key, the part has the same key, and its answer is stored with its effect: of a call that is
    repeated because it was cut short, no part takes effect twice.

    Raises: what `handle` raises.
    """
    call = _call.get()
    if call is None:
        return render(handle())
    key = sha256(f"{call.key} {name}".encode()).hexdigest()
    body: Any = _answered(replace(call, key=f"part:{key}", render=render, answer=None), handle).data
    return body


# ---------------------------------------------------------------- in views


def no_body(result: Any, caller: Any) -> None:
    """Render the empty body of a 204."""


def idempotent(
    render: Render = no_body, *, status: int = 200, acts_outside: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a view's method honour `Idempotency-Key`; the method returns the service's result for `render`.

    With a key, the result is rendered inside the effect's transaction, so `render` must not use the network. Don't use
    this for answers that contain a secret: they would be stored.
    `acts_outside`: the effect is outside the database and can't be rolled back, so an earlier answer is looked for
    before the handler runs.
    """

    def decorate(handler: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(handler)
        def wrapper(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = request.headers.get("Idempotency-Key")
            if key is None:
                return Response(render(handler(view, request, *args, **kwargs), request.user), status=status)
            _require_valid(key)
            call = Call(_scope(request), key, _fingerprints(request), status, partial(_for, request.user, render))
            for scope in _earlier_scopes(request):
                if (stored := _stored(replace(call, scope=scope))) is not None:
                    return stored
            if acts_outside and (stored := _stored(call)) is not None:
                return stored
            return _answered(call, partial(handler, view, request, *args, **kwargs))

        wrapper.idempotent = True  # type: ignore[attr-defined]  # tells the schema to name the header
        return wrapper

    return decorate


def _for(caller: Any, render: Render, result: Any) -> Any:
    return render(result, caller)


def _answered(call: Call, handle: Callable[[], Any]) -> Response:
    """Run the handler; if it has stored no answer, look for an earlier one. Raises what the handler raises.

    The constraint decides which call is first, so a first call needs no read.
    """
    result, error = _tried(call, handle)
    if call.answer is None:
        if (stored := _stored(call)) is not None:
            return stored
        if isinstance(error, AnsweredBefore):  # the earlier record had expired and is deleted now
            result, error = _tried(call, handle)
    if error is not None:
        raise error
    status, body = call.answer or (call.status, call.render(result))
    return Response(body, status=status)


def _tried(call: Call, handle: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """Return the handler's result, or the refusal that it raises."""
    token = _call.set(call)
    try:
        return handle(), None
    except (ServiceError, APIException, AnsweredBefore) as error:
        return None, error
    finally:
        _call.reset(token)


def _stored(call: Call) -> Response | None:
    """Return the answer stored for a call, or None. Raises `Conflict` if its key was used with another call."""
    using = router.db_for_write(IdempotencyRecord)
    for record in read_rows(IdempotencyRecord, using=using, scope=call.scope, key=call.key):
        oldest = clock.now() - timedelta(seconds=settings.IDEMPOTENCY_KEY_TTL_S)
        if record.created_at < oldest:  # expired, but not swept yet
            IdempotencyRecord.objects.using(using).filter(pk=record.pk, created_at__lt=oldest).delete()
        elif record.fingerprint not in call.fingerprints:
            raise Conflict("idempotency_mismatch", "This Idempotency-Key was used with another call.")
        else:
            return Response(record.body, status=record.status, headers={"Idempotency-Replayed": "true"})
    return None


def _require_valid(key: str) -> None:
    if not key.strip() or len(key) > KEY_MAX_CHARS or not key.isprintable():
        raise Invalid(
            "invalid", "Idempotency-Key takes 1 to %(n)s printable characters.", "Idempotency-Key", n=KEY_MAX_CHARS
        )


def _scope(request: Request) -> str:
    """Return the scope in which a key is unique: the account, or a digest of an anonymous caller's address."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{_keyed('idempotency.address', address_of(request))[0][:32]}"


def _earlier_scopes(request: Request) -> list[str]:
    """Return the scopes in which an answer from before a change of SECRET_KEY may be stored."""
    if request.user.is_authenticated or not settings.SECRET_KEY_FALLBACKS:
        return []
    return [f"address:{digest[:32]}" for digest in _keyed("idempotency.address", address_of(request))[1:]]


def _fingerprints(request: Request) -> list[str]:
    """Return the digests of a call, under SECRET_KEY and then under its fallbacks."""
    call = json.dumps([request.method, request.path, request.data], sort_keys=True)
    # Keyed, because a body may contain a password, which could be guessed from a plain digest.
    return _keyed("idempotency", call)


def _keyed(salt: str, text: str) -> list[str]:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest() for secret in secrets]
