"""The jobs whose failures are kept: where their rows are, whom they are for, and what staff can do about them.

An app above this one adds its own by `add`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, Model

from accounts.deferred_mails import MAILS
from accounts.models import Partner
from alerts.notices import NOTICES
from core.jobs import DueRows
from failures.states import Kind
from notifications.events import partner_recipient, user_recipient
from notifications.models import DeferredPush
from notifications.web_push import PUSHES
from payments.books.dunning import REMINDERS
from payments.operations import Operation
from requests_app.models import CheerRequest
from rides.mails import CHANGED, RECEIPTS

OF_PAYMENT: dict[str, Any] = {"account": "payment__ride__user_id", "region": "payment__ride__request__region_id"}


class Told(NamedTuple):
    """The person and region of a row, as far as it has them, and what it is about."""

    account: UUID | None = None
    region: UUID | None = None
    about: str = ""


Change = Callable[[Any, datetime], bool]  # (key of the row, now) -> whether the row was there to be changed


@dataclass(frozen=True, slots=True)
class Job:
    """A job whose rows may fail."""

    name: str
    title: str
    kind: Kind
    rows: DueRows
    told: Callable[[Any], Told | None]  # of the row with a key; None if it is gone
    stop: Change | None = None  # stops trying a row that waits; None: it has to be done
    again: Change | None = None  # tries a row that was given up once more; None: it is worth nothing any more


def by_paths(rows: DueRows, *, account: str = "", region: str = "", about: str = "") -> Callable[[Any], Told | None]:
    """Read what is told of a row along these paths."""
    named = {"told_account": account, "told_region": region, "told_about": about}
    paths = {name: F(path) for name, path in named.items() if path}

    def told(pk: Any) -> Told | None:
        row = rows.model._default_manager.filter(pk=pk).values("pk", **paths).first()
        return None if row is None else Told(row.get("told_account"), row.get("told_region"), row.get("told_about", ""))

    return told


def finished(rows: DueRows) -> Change:
    """Stop trying a row by clearing its moment."""
    return lambda pk, now: bool(rows.waiting(pk, now=now).update(**{rows.column: None}))


def due_again(rows: DueRows, **still: Any) -> Change:
    """Make a row due whose moment was cleared, if it still is as these lookups say."""
    idle = {f"{rows.column}__isnull": True, **still}
    return lambda pk, now: bool(rows.model._default_manager.filter(pk=pk, **idle).update(**{rows.column: now}))


def _of_push(pk: Any) -> Told | None:
    push = DeferredPush.objects.filter(pk=pk).first()
    if push is None:
        return None
    kind, _, key = push.recipient.partition(":")
    about = str(push.payload.get("type", ""))
    if kind == partner_recipient("").rstrip(":"):
        partner = Partner.objects.filter(pk=key).first()
        return Told(about=about) if partner is None else Told(partner.user_id, partner.region_id, about)
    return Told(UUID(key) if kind == user_recipient("").rstrip(":") else None, None, about)


def _push_deleted(pk: Any, now: datetime) -> bool:
    return bool(PUSHES.waiting(pk, now=now).delete()[0])


def _operation(operation: Operation, title: str, again: Change | None = None, **paths: str) -> Job:
    told = by_paths(operation.rows, **paths)
    return Job(operation.value, title, Kind.OPERATION, operation.rows, told, again=again)


_OF_ATTEMPT: dict[str, Any] = {name: f"attempt__{path}" for name, path in OF_PAYMENT.items()}
_OF_TRANSFER: dict[str, Any] = {"account": "partner__user_id", "region": OF_PAYMENT["region"]}
_OF_REVERSAL: dict[str, Any] = {name: f"transfer__{path}" for name, path in _OF_TRANSFER.items()}
_JOBS = (
    Job("mail", "Mail", Kind.MAIL, MAILS, by_paths(MAILS, account="user_id", about="kind"), finished(MAILS)),
    Job("push", "Push", Kind.PUSH, PUSHES, _of_push, _push_deleted),
    Job(
        "receipt",
        "Receipt",
        Kind.MAIL,
        RECEIPTS,
        by_paths(RECEIPTS, account="user_id", region="request__region_id"),
        finished(RECEIPTS),
        due_again(RECEIPTS),
    ),
    Job(
        "changed_receipt",
        "Changed receipt",
        Kind.MAIL,
        CHANGED,
        by_paths(CHANGED, account="ride__user_id", region="ride__request__region_id"),
        finished(CHANGED),
        due_again(CHANGED),
    ),
    Job(
        "reminder",
        "Reminder of a payment",
        Kind.OPERATION,
        REMINDERS,
        by_paths(REMINDERS, account="ride__user_id", region="ride__request__region_id"),
    ),
    Job(
        "notice",
        "Alert notice",
        Kind.NOTICE,
        NOTICES,
        by_paths(NOTICES, region="alert__region_id", about="channel"),
        finished(NOTICES),
    ),
    _operation(Operation.ATTEMPT, "Charge", **OF_PAYMENT),
    _operation(Operation.HOLD, "Hold", account="user_id", region="request__region_id"),
    _operation(Operation.REFUND, "Refund", **_OF_ATTEMPT),
    _operation(Operation.TRANSFER, "Payout", **_OF_TRANSFER),
    _operation(Operation.REVERSAL, "Reversed payout", **_OF_REVERSAL),
    _operation(
        Operation.EVENT,
        "Provider event",
        due_again(Operation.EVENT.rows, processed_at=None),
        about="type",
    ),
    _operation(Operation.CUSTOMER, "Deletion of a customer", account="user_id"),
    _operation(Operation.ACCOUNT, "Payout account", account="partner__user_id", region="partner__region_id"),
    _operation(Operation.DISPUTE, "Evidence", **_OF_ATTEMPT),
)

JOBS: dict[str, Job] = {}
_by_rows: dict[tuple[type[Model], str], Job] = {}


def add(job: Job) -> None:
    """Let a job's failures be kept."""
    JOBS[job.name] = job
    _by_rows[job.rows.model, job.rows.column] = job


for _job in _JOBS:
    add(_job)


def job_of(rows: DueRows) -> Job | None:
    """Return the job of these rows, if its failures are kept."""
    return _by_rows.get((rows.model, rows.column))


def told_of(job: Job, pk: Any) -> Told | None:
    """Return what a failure says about a row; None if the row is gone.

    A row without a region that is for a person has the region of the partner that they are, or of their last request.
    """
    told = job.told(pk)
    if told is None or told.region is not None or told.account is None:
        return told
    return told._replace(region=_region_of(told.account))


def _region_of(account: UUID) -> UUID | None:
    partner = Partner.objects.filter(user=account).values_list("region_id", flat=True).first()
    last = CheerRequest.objects.filter(user=account).order_by("-created_at").values_list("region_id", flat=True)
    return partner or last.first()
