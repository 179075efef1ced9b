"""Steps that staff take with rows over HTTP, one by one or many in one call: those of the admin, by the same services.

A step with many rows is one call with a transaction for each row, in which the step and its outcome are recorded.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.models import User
from accounts.permissions import require
from accounts.reauthentication import require_recent_sign_in
from accounts.serializers import NoInput
from accounts.staff_regions import within
from api.fields import Identifier, Text
from api.idempotency import effect, idempotent, part, store_answer
from api.serializing import validated
from backoffice.chain import acting
from backoffice.models import REASON_MAX_CHARS, Channel
from backoffice.steps import ROWS_MAX, Step, log_failure, record_step
from core import clock
from core.database import trouble_of
from core.errors import Missing, ServiceError

TAG = ["staff"]
DONE, REFUSED, FAILED = OUTCOMES = ("done", "refused", "failed")
EXAMPLE_ID = "019a8f5e-6f00-7000-8000-000000000001"
Said = dict[str, Any]


class ReasonInput(serializers.Serializer[Any]):
    reason = Text(
        max_length=REASON_MAX_CHARS,
        required=False,
        allow_blank=True,
        default="",
        help_text="Kept in the history. The customer may see this.",
    )

    class Meta:
        ref_name = "StaffReasonInput"


class OutcomeSerializer(serializers.Serializer[Any]):
    """The outcome of a step for one row; `code` and `detail` say why it was refused."""

    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_null=True)

    class Meta:
        ref_name = "StaffOutcome"


class OutcomesSerializer(serializers.Serializer[Any]):
    """The outcome of a step for each row, in the order of the call."""

    outcomes = OutcomeSerializer(many=True)

    class Meta:
        ref_name = "StaffOutcomes"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that steps are taken with."""

    all: Callable[[], QuerySet[Any]]
    right: str  # that a step takes
    region_path: str
    ids: str  # the name of several ids in a body
    answer: type[serializers.Serializer[Any]]
    json: Callable[[Any, Any], Said]  # (the row, the result of the step) -> JSON, from the database alone


def no_values(actor: User, said: Said) -> Said:
    """The step takes nothing but a reason."""
    return {}


@dataclass(frozen=True, slots=True)
class Call:
    """A step of the admin over HTTP. `values` makes of the body what the step takes beside the reason."""

    step: Step
    verb: str  # of its address
    body: type[serializers.Serializer[Any]] = ReasonInput
    values: Callable[[User, Said], Said] = no_values
    told: tuple[str, ...] = ()  # the values that its record has
    example: Said = field(default_factory=lambda: {"reason": "Rang them"})
    run: Callable[..., Any] | None = None  # in place of the step's, if that takes other units


def take(request: Request, rows: Rows, call: Call, pk: UUID, values: Said, reason: str) -> tuple[Any, Any]:
    """Take a step with one row; its record and its answer are in the same transaction. Returns row and result.

    Raises: `Missing`, also for a row of another region; what the service raises.
    """
    actor = caller(request)
    row = within(rows.all().filter(pk=pk), actor, rows.region_path).first()
    if row is None:
        raise Missing
    detail = ", ".join(f"{name} {values[name]}" for name in call.told if values.get(name) is not None)
    run, subject = call.run or call.step.run, copy(row)
    record = acting(request, call.step.name, row, reason=reason, detail=detail, channel=Channel.API)
    with record, effect(whole=True) as answer:
        result = run(subject, actor, reason, clock.now(), **values)
        found = rows.all().get(pk=pk), result
        answer.result(found)
    return found


def admitted(request: Request, rows: Rows, call: Call, body: type[serializers.Serializer[Any]]) -> Said:
    """Return the body of a call. Raises `Forbidden` unless the caller may take the step, and lately said who they are.

    Raises: `ValidationError`.
    """
    require(caller(request), rows.right)
    if call.step.sensitive:
        require_recent_sign_in(request)
    return validated(body, request.data)


# ---------------------------------------------------------------- one row


def one(rows: Rows, call: Call, operation: str) -> type[APIView]:
    """Return the view that takes a step with the row whose id is in the path."""

    @extend_schema(
        operation_id=operation,
        tags=TAG,
        description=call.step.explained,
        request=None if call.body is NoInput else call.body,
        responses={200: rows.answer},
        examples=[OpenApiExample(call.step.title, call.example, request_only=True)] if call.example else [],
    )
    @idempotent(lambda found, viewer: rows.json(*found))
    def post(view: APIView, request: Request, **key: UUID) -> tuple[Any, Any]:
        said = admitted(request, rows, call, call.body)
        (pk,) = key.values()
        return take(request, rows, call, pk, call.values(caller(request), said), said.get("reason", ""))

    return _view(operation, call, post)


def _view(operation: str, call: Call, post: Callable[..., Any]) -> type[APIView]:
    return type(_capital(operation), (APIView,), {"post": post, "__doc__": call.step.explained, "__module__": __name__})


# ---------------------------------------------------------------- many rows


@cache
def many_input(body: type[serializers.Serializer[Any]], ids: str) -> type[serializers.Serializer[Any]]:
    """Return the body of a step with several rows: that for one, and the ids."""
    one, thing = getattr(getattr(body, "Meta", None), "ref_name", "StaffInput"), ids.removesuffix("Ids")
    name = f"{one.removesuffix('Input')}{_several(_capital(thing))}Input"
    listed = serializers.ListField(child=Identifier(), min_length=1, max_length=ROWS_MAX)
    return type(name, (body,), {ids: listed, "Meta": type("Meta", (), {"ref_name": name}), "__module__": __name__})


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _several(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def many(rows: Rows, call: Call, operation: str) -> type[APIView]:
    """Return the view that takes a step with several rows, each in a transaction of its own, and with its outcome."""
    body = many_input(call.body, rows.ids)

    @extend_schema(
        operation_id=operation,
        tags=TAG,
        description=f"{call.step.explained} With up to {ROWS_MAX} rows, and an outcome for each.",
        request=body,
        responses={200: OutcomesSerializer},
        examples=[OpenApiExample(call.step.title, {rows.ids: [EXAMPLE_ID], **call.example}, request_only=True)],
    )
    @idempotent(lambda outcomes, viewer: {"outcomes": outcomes}, acts_outside=True)
    def post(view: APIView, request: Request) -> list[Said]:
        said = admitted(request, rows, call, body)
        values, reason = call.values(caller(request), said), said.get("reason", "")
        outcomes = [_outcome(request, rows, call, pk, values, reason) for pk in dict.fromkeys(said[rows.ids])]
        store_answer(outcomes)
        return outcomes

    return _view(operation, call, post)


def _outcome(request: Request, rows: Rows, call: Call, pk: UUID, values: Said, reason: str) -> Said:
    """Take a step with one of several rows. Raises `DatabaseError` if the database does not answer."""
    row = rows.all().model(pk=pk)

    def taken() -> None:
        take(request, rows, call, pk, values, reason)
        record_step(request, call.step, row, "ok", "")

    try:
        outcome: Said = part(str(pk), lambda _: _said(pk, DONE), taken)
    except ServiceError as error:
        record_step(request, call.step, row, "refused", error.code)
        return _said(pk, REFUSED, error.code, error.detail)
    except Exception as error:
        if trouble_of(error) is not None:
            raise  # the call as a whole is to be repeated
        log_failure(call.step, row, error)
        record_step(request, call.step, row, "failed", type(error).__name__)
        return _said(pk, FAILED, "error", "This failed on our side.")
    return outcome


def _said(pk: UUID, outcome: str, code: str | None = None, detail: str | None = None) -> Said:
    return {"id": str(pk), "outcome": outcome, "code": code, "detail": detail}


# ---------------------------------------------------------------- addresses


def taken(thing: str, name: str, rows: Rows, calls: Iterable[Call]) -> Iterator[URLPattern]:
    """The addresses of steps with a thing, for one row and for many."""
    for call in calls:
        operation = f"{call.verb}Staff{_capital(thing)}"
        yield path(f"staffApi/{thing}/<uuid:{name}>/{call.verb}", one(rows, call, operation).as_view())
        yield path(f"staffApi/{thing}/{call.verb}", many(rows, call, _several(operation)).as_view())
