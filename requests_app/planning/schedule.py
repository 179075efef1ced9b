"""Planned cheers: rows with a time, from which the sweep creates requests shortly before."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Role, User
from api.idempotency import effect
from core.database import refused_as
from core.errors import Conflict, Invalid, Missing
from core.reasons import Reason
from regions.selectors import present_terms, require_opening_hours, served_region
from requests_app.models import CheerRequest, RequestType, ScheduledRequest
from requests_app.reasons import ScheduledClosed, failure
from requests_app.services import first_type, submit_request
from requests_app.states import ScheduledStatus

WAITING_MAX = 20  # planned cheers per user
MAY_PASS = ("request_already_open", "region_paused")


def schedule_request(
    user: User,
    *,
    lat: float,
    lng: float,
    request_type: RequestType | None,
    note: str,
    scheduled_for: datetime,
    now: datetime,
    prices_shown: str = "",
) -> ScheduledRequest:
    """Plan a cheer. The search for a partner starts `SCHEDULE_LEAD_S` before its time.

    Raises: `Invalid` (`too_soon`, `too_far`) and `Conflict` (`region_not_served`, `prices_changed`,
        `region_closed` at that time, `already_scheduled`, `too_many`).
    """
    due_at = scheduled_for - timedelta(seconds=settings.SCHEDULE_LEAD_S)
    if due_at <= now:
        raise Invalid("too_soon", "That is so soon that you can ask for it right now.", "scheduledFor")
    if scheduled_for - now > timedelta(seconds=settings.SCHEDULE_AHEAD_MAX_S):
        days = settings.SCHEDULE_AHEAD_MAX_S // 86_400
        raise Invalid("too_far", "We plan %(days)s days ahead at most.", "scheduledFor", days=days)
    region = served_region(lat, lng, prices_shown=prices_shown)
    require_opening_hours(region, scheduled_for)
    scheduled = ScheduledRequest(
        user=user,
        region=region,
        request_type=request_type or first_type(),
        lat=lat,
        lng=lng,
        note=note,
        created_at=now,
        scheduled_for=scheduled_for,
        due_at=due_at,
    )
    with effect() as answer:
        if ScheduledRequest.objects.filter(user=user, status=ScheduledStatus.WAITING).count() >= WAITING_MAX:
            raise Conflict("too_many", "You have %(n)s cheers planned; call one off first.", n=WAITING_MAX)
        planned = Conflict("already_scheduled", "You have a cheer planned for that time.", "scheduledFor")
        with refused_as({"scheduled_one_per_user_and_time": planned}), transaction.atomic():
            scheduled.terms = present_terms(region, now=now)
            scheduled.create(actor=user, at=now)
        answer.result(scheduled)
    return scheduled


def cancel_scheduled(user: User, scheduled_id: UUID, *, reason: str, now: datetime) -> ScheduledRequest:
    """Cancel a user's planned cheer before it is requested, free of charge. Raises `Missing`, `Conflict`."""
    with effect() as answer:
        scheduled = ScheduledRequest.objects.select_for_update(no_key=True).filter(pk=scheduled_id, user=user).first()
        if scheduled is None:
            raise Missing
        if scheduled.status != ScheduledStatus.WAITING:
            raise Conflict(f"scheduled_{scheduled.status}", "This one is no longer planned.")
        why = Reason(ScheduledClosed.CANCELLED_BY_USER, reason)
        scheduled.move(ScheduledStatus.CANCELLED, actor=user, at=now, reason=str(why), **why.columns)
        answer.result(scheduled)
    return scheduled


def request_scheduled(scheduled_id: UUID, *, now: datetime) -> CheerRequest | None:
    """Create the request of a planned cheer that is due.

    While its user has another open request, or the region is paused, the cheer waits until `scheduled_for`; any other
    conflict fails it.

    Returns: None if no request was created.
    """
    rows = ScheduledRequest.objects.select_related("user", "request_type", "terms")
    scheduled = rows.get(pk=scheduled_id)
    if scheduled.status != ScheduledStatus.WAITING or scheduled.due_at > now:
        return None
    try:
        return _submit(scheduled, now=now)
    except Conflict as conflict:
        if conflict.code not in MAY_PASS or scheduled.scheduled_for <= now:
            _fail(scheduled, conflict.code, now=now)
        return None


def _submit(scheduled: ScheduledRequest, *, now: datetime) -> CheerRequest:
    """Create the request and move the planned cheer to `REQUESTED` in one transaction. Raises `Conflict`."""
    if scheduled.user.role != Role.USER or not scheduled.user.is_active:
        raise Conflict("not_a_user", "Only users may ask for a cheer.")
    if not scheduled.request_type.active:
        raise Conflict("type_not_offered", "This kind of cheer is not offered any more.")

    def requested(request: CheerRequest) -> None:
        scheduled.move(ScheduledStatus.REQUESTED, actor=None, at=now, request=request)

    return submit_request(
        scheduled.user,
        lat=scheduled.lat,
        lng=scheduled.lng,
        request_type=scheduled.request_type,
        note=scheduled.note,
        now=now,
        wanted_at=scheduled.scheduled_for,
        terms=scheduled.terms,
        then=requested,
    )


def _fail(scheduled: ScheduledRequest, code: str, *, now: datetime) -> None:
    with suppress(Conflict), transaction.atomic():  # cancelled, or requested by another sweep, meanwhile
        scheduled.move(ScheduledStatus.FAILED, actor=None, at=now, reason=code, **failure(code).columns)
