"""Audit of requests, offers and dispatch as a whole."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.audit import SHA_256_HEX
from accounts.models import Partner
from accounts.states import PartnerStatus
from backoffice.audit import (
    GRACE,
    OVERDUE,
    Checks,
    Result,
    add_history_checks,
    exactly_one,
    number,
    streamed,
    unless,
    wrong_rows,
)
from payments.models import Hold
from payments.states import OPEN_HOLDS, HoldStatus
from requests_app.models import CheerRequest, Offer, ScheduledRequest, ShareLink
from requests_app.states import OPEN, OfferStatus, RequestStatus, ScheduledStatus
from rides.models import Ride
from rides.states import ACTIVE, RideStatus

CHECKS = Checks()
RELEASED_WITHIN = timedelta(hours=1)  # the provider may not answer for some minutes

PENDING_OFFERS = Offer.objects.filter(status=OfferStatus.PENDING)
ACTIVE_RIDES = Ride.objects.filter(status__in=ACTIVE)


# ---------------------------------------------------------------- requests


@CHECKS
def dead_letters_have_a_reason(now: datetime) -> Result:
    """Every dead letter has a reason."""
    return unless(CheerRequest.objects.all(), ~Q(status=RequestStatus.NO_MATCH) | ~Q(closed_code=""))


@CHECKS
def offered_requests_have_one_offer(now: datetime) -> Result:
    """A request is offered exactly while one offer for it awaits an answer."""
    inner = PENDING_OFFERS.filter(request=OuterRef("pk"))
    return exactly_one(CheerRequest.objects.all(), Q(status=RequestStatus.OFFERED), inner)


@CHECKS
def accepted_requests_have_one_active_ride(now: datetime) -> Result:
    """A request is accepted exactly while one ride for it is under way."""
    inner = ACTIVE_RIDES.filter(request=OuterRef("pk"))
    return exactly_one(CheerRequest.objects.all(), Q(status=RequestStatus.ACCEPTED), inner)


@CHECKS
def completed_requests_have_one_completed_ride(now: datetime) -> Result:
    """A request is completed exactly if one ride for it is completed."""
    inner = Ride.objects.filter(request=OuterRef("pk"), status=RideStatus.COMPLETED)
    return exactly_one(CheerRequest.objects.all(), Q(status=RequestStatus.COMPLETED), inner)


@CHECKS
def closed_requests_hold_nobody(now: datetime) -> Result:
    """A closed request has no pending offer and no active ride."""
    closed = CheerRequest.objects.exclude(status__in=OPEN)
    held = Exists(PENDING_OFFERS.filter(request=OuterRef("pk"))) | Exists(ACTIVE_RIDES.filter(request=OuterRef("pk")))
    return wrong_rows(closed, closed.filter(held))


def _open_holds_of_closed_requests() -> QuerySet[Hold]:
    return Hold.objects.filter(status__in=OPEN_HOLDS, capture=None).exclude(request__status__in=OPEN)


@CHECKS
def closed_requests_let_go_of_their_holds(now: datetime) -> Result:
    """Every open hold of a closed request is being captured or released."""
    kept = _open_holds_of_closed_requests().exclude(status=HoldStatus.CLOSING)
    return wrong_rows(Hold.objects.all(), kept.filter(unwanted=False))


@CHECKS.of_kind(OVERDUE)
def no_hold_outlives_its_request(now: datetime) -> Result:
    """A closed request has no open hold after one hour."""
    lately = CheerRequest.history.objects.filter(subject=OuterRef("request"), at__gt=now - RELEASED_WITHIN)
    kept = Hold.objects.filter(status__in=OPEN_HOLDS).exclude(request__status__in=OPEN)
    return wrong_rows(Hold.objects.all(), kept.exclude(Exists(lately)))


# ---------------------------------------------------------------- offers


@CHECKS
def one_accepted_offer_per_ride(now: datetime) -> Result:
    """Each ride has exactly one accepted offer of its request and partner, and each accepted offer has a ride."""
    accepted = Offer.objects.filter(status=OfferStatus.ACCEPTED)
    rides = Ride.objects.annotate(_offers=number(_of_same_pair(accepted)))
    without = accepted.exclude(Exists(_of_same_pair(Ride.objects.all())))
    return wrong_rows(Ride.objects.all(), rides.exclude(_offers=1), without)


def _of_same_pair(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(request=OuterRef("request"), partner=OuterRef("partner"))


@CHECKS
def answered_offers_say_when(now: datetime) -> Result:
    """An offer has an answer time exactly if it is no longer pending."""
    waiting, answered = Q(status=OfferStatus.PENDING), Q(answered_at__isnull=False)
    return unless(Offer.objects.all(), (waiting & ~answered) | (~waiting & answered))


# ---------------------------------------------------------------- partners and rides


@CHECKS
def offered_partners_have_one_offer(now: datetime) -> Result:
    """A partner is offered exactly while one offer awaits their answer."""
    inner = PENDING_OFFERS.filter(partner=OuterRef("pk"))
    return exactly_one(Partner.objects.all(), Q(status=PartnerStatus.OFFERED), inner)


@CHECKS
def busy_partners_have_one_active_ride(now: datetime) -> Result:
    """A partner is busy exactly while they are on one ride."""
    inner = ACTIVE_RIDES.filter(partner=OuterRef("pk"))
    return exactly_one(Partner.objects.all(), Q(status=PartnerStatus.BUSY), inner)


@CHECKS
def rides_serve_the_user_who_asked(now: datetime) -> Result:
    """A ride's user is the user of its request, and not its partner."""
    same = Q(user_id=F("request__user_id"))
    return unless(Ride.objects.all(), same & ~Q(partner__user_id=F("user_id")))


# ---------------------------------------------------------------- deadlines


@CHECKS.of_kind(OVERDUE)
def offers_lapse_in_time(now: datetime) -> Result:
    """No offer stays pending long past its expiry."""
    return wrong_rows(PENDING_OFFERS.all(), PENDING_OFFERS.filter(expires_at__lt=now - GRACE))


@CHECKS.of_kind(OVERDUE)
def requests_are_given_up_in_time(now: datetime) -> Result:
    """No request stays pending long past the time to give up."""
    pending = CheerRequest.objects.filter(status=RequestStatus.PENDING)
    return wrong_rows(pending, pending.filter(give_up_at__lt=now - GRACE))


@CHECKS.of_kind(OVERDUE)
def requests_are_looked_at_in_time(now: datetime) -> Result:
    """No pending request waits long past its next attempt."""
    pending = CheerRequest.objects.filter(status=RequestStatus.PENDING)
    return wrong_rows(pending, pending.filter(next_attempt_at__lt=now - GRACE, give_up_at__gt=now))


# ---------------------------------------------------------------- planned, saved, shared


@CHECKS
def requested_plans_have_their_users_request(now: datetime) -> Result:
    """The request of a planned cheer has the same user."""
    return unless(ScheduledRequest.objects.all(), Q(request__isnull=True) | Q(request__user_id=F("user_id")))


@CHECKS.of_kind(OVERDUE)
def plans_are_requested_in_time(now: datetime) -> Result:
    """No planned cheer stays waiting long past its time."""
    waiting = ScheduledRequest.objects.filter(status=ScheduledStatus.WAITING)
    return wrong_rows(waiting, waiting.filter(scheduled_for__lt=now - GRACE))


@CHECKS
def share_links_are_hashed(now: datetime) -> Result:
    """Share links store only a SHA-256 digest of the token."""
    return streamed(ShareLink.objects.all(), lambda link: not SHA_256_HEX.fullmatch(link.digest))


add_history_checks(CHECKS, "scheduled", ScheduledRequest, ScheduledRequest.history, ScheduledRequest.graph)
add_history_checks(CHECKS, "request", CheerRequest, CheerRequest.history, CheerRequest.graph)
add_history_checks(CHECKS, "offer", Offer, Offer.history, Offer.graph)
