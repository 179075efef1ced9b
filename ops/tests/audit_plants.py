"""What could go wrong behind the services' back: one way for every check, and for some another.

Each is done to rows that no constraint guards; see `unguarded` in `test_audit.py`.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import models
from django.db.models import F
from django.utils import timezone
from knox.models import AuthToken

from accounts.models import ApplicationTransition, Partner, PartnerTransition, SocketTicket, User
from alerts.models import AlertTransition
from api.models import IdempotencyRecord
from backoffice.models import StaffAction
from notifications.models import Event, Stream
from payments.models import (
    Attempt,
    AttemptTransition,
    BankPayout,
    CountedDay,
    Credit,
    Difference,
    DifferenceTransition,
    Dispute,
    Entry,
    Hold,
    HoldTransition,
    ManualEntry,
    ManualEntryTransition,
    Movement,
    Payment,
    PaymentTransition,
    PayoutAccount,
    PayoutHold,
    PayoutHoldTransition,
    PeriodTotal,
    PromotionCode,
    ProviderEvent,
    Reconciliation,
    Referral,
    Refund,
    RefundTransition,
    Reversal,
    ReversalTransition,
    Transfer,
    TransferTransition,
)
from regions.models import Region
from requests_app.models import (
    CheerRequest,
    CheerRequestTransition,
    Offer,
    OfferTransition,
    ScheduledRequest,
    ScheduledRequestTransition,
    ShareLink,
)
from rides.models import Ride, RideSign, RideTransition
from risk.models import FlagTransition

NOW = timezone.now
HOUR = timedelta(hours=1)


def one(model: type[models.Model], **where: Any) -> Any:
    """One row, to be changed without anybody's leave."""
    rows = model._default_manager.filter(**where).order_by("pk")
    return model._default_manager.filter(pk=rows[0].pk)


def copy(model: type[models.Model], where: dict[str, Any], **changes: Any) -> None:
    """Insert a row like another, with the same key unless told otherwise."""
    row = model._base_manager.get(pk=one(model, **where).get().pk)  # with its cold columns
    for field, value in changes.items():
        setattr(row, field, value)
    model._default_manager.bulk_create([row])


def new_key() -> Any:
    return User().pk


Plant = Callable[[], object]
PLANTS: dict[str, Plant] = {
    # backoffice
    "staff_actions_are_a_chain": lambda: one(StaffAction).update(subject=new_key()),
    # api
    "kept_answers_are_whole": lambda: one(IdempotencyRecord).update(status=None),
    # notifications
    "events_have_no_gap": lambda: one(Event, seq=2).delete(),
    "streams_end_with_their_newest_event": lambda: one(Stream).update(last_seq=F("last_seq") + 1),
    "events_have_a_stream": lambda: one(Stream).delete(),
    "nothing_unsent_is_acknowledged": lambda: one(Stream).update(acked_seq=F("last_seq") + 1),
    # regions
    "regions_can_be_placed": lambda: one(Region).update(time_zone="Mars/Olympus"),
    "holidays_are_known": lambda: one(Region).update(country="US", subdivision="BY"),
    "prices_can_be_charged": lambda: one(Region).update(currency="kwd", increment_amount=1234),
    # accounts
    "only_staff_may_use_the_admin": lambda: one(User, role="user").update(is_staff=True),
    "partners_have_the_role": lambda: one(User, role="partner").update(role="user"),
    "passwords_are_hashed": lambda: one(User).update(password="secret"),
    "tokens_are_hashed": lambda: one(AuthToken).update(digest="f" * 64),
    "tickets_are_hashed": lambda: one(SocketTicket).update(digest="a ticket"),
    "recovery_codes_are_hashed": lambda: one(Authenticator, type="recovery_codes").update(data={"seed": "a seed"}),
    "deactivated_accounts_hold_no_token": lambda: User.objects.update(is_active=False),
    # payments
    "refunds_fit_the_status": lambda: one(Payment, status="due").update(refunded_amount=1),
    "one_payment_per_provider_reference": lambda: Payment.objects.update(third_party_reference_id="pi_1"),
    "provider_events_are_processed": lambda: ProviderEvent.objects.update(processed_at=None, received_at=NOW() - HOUR),
    "payments_follow_from_their_attempts": lambda: one(Attempt).update(status="declined"),
    "nothing_is_collected_twice": lambda: one(Payment, status="due").update(collecting_amount=1),
    "what_is_owed_is_booked": lambda: one(Entry, kind="owed").update(amount=F("amount") + 1),
    "what_is_collected_is_booked": lambda: one(Entry, kind="collected").delete(),
    "refunds_add_up": lambda: one(Refund).update(amount=F("amount") + 1),
    "refunds_are_reserved": lambda: one(Attempt).update(refunded_amount=F("refunded_amount") + 1),
    "tax_is_booked": lambda: one(Payment, tax_amount__gt=0).update(tax_amount=F("tax_amount") + 1),
    "refunds_take_their_tax_back": lambda: one(Payment, tax_amount__gt=0).update(refunded_amount=F("amount")),
    "payouts_are_booked": lambda: one(Transfer).update(amount=F("amount") + 1),
    "transfers_count_their_reversals": lambda: one(Transfer).update(reversed_amount=F("reversed_amount") + 1),
    "payouts_stay_within_shares": lambda: one(Transfer).update(amount=F("amount") + 1),
    "debts_add_up": lambda: (
        one(Reversal).update(status="failed", debt=F("amount")),
        one(Reversal).update(debt=F("debt") - 1),
    ),
    "closed_periods_keep_their_totals": lambda: one(PeriodTotal).update(amount=F("amount") + 1),
    "counted_days_keep_their_sums": lambda: CountedDay.objects.update(sums=[]),
    "manual_entries_are_booked": lambda: one(ManualEntry, kind="user_charged").update(amount=F("amount") + 1),
    "manual_entries_are_decided": lambda: one(ManualEntry).update(status="proposed", created_at=NOW() - 80 * HOUR),
    "write_offs_add_up": lambda: one(Payment, status="due").update(written_off=F("written_off") + 1),
    "partners_owe_nothing": lambda: one(Reversal).update(status="failed", debt=F("amount")),
    "held_payouts_are_not_made": lambda: one(PayoutHold).update(status="held"),
    "held_payouts_are_seen_to": lambda: one(PayoutHold).update(status="held", due_at=NOW() - HOUR),
    "refunds_need_nobody": lambda: one(Refund).update(status="attention"),
    "payouts_need_nobody": lambda: one(Transfer).update(status="failed"),
    "movements_have_their_entries": lambda: one(Entry, kind="provider_fee").update(amount=4),
    "what_movements_book_has_a_movement": lambda: one(Movement).delete(),
    "differences_need_nobody": lambda: Difference.objects.update(status="open"),
    "the_provider_is_read": lambda: (
        Entry.objects.update(at=NOW() - 72 * HOUR),
        Reconciliation.objects.update(mark=NOW() - 96 * HOUR),
    ),
    "bank_payouts_are_matched": lambda: BankPayout.objects.update(created_at=NOW() - 96 * HOUR),
    "operations_come_to_an_end": lambda: one(Refund).update(status="planned", created_at=NOW() - 2 * HOUR),
    "payout_accounts_are_looked_at": lambda: PayoutAccount.objects.update(next_step_at=NOW() - HOUR),
    "payout_accounts_need_nobody": lambda: PayoutAccount.objects.update(payout_failure="account_closed"),
    "disputes_are_booked": lambda: one(Dispute).update(withdrawn=F("withdrawn") + 1),
    "disputes_end_with_nothing_withheld": lambda: one(Dispute).update(status="won", withdrawn=1),
    "disputes_are_answered": lambda: one(Dispute).update(evidence_due_by=NOW()),
    "disputes_have_known_statuses": lambda: one(Dispute).update(status="pre_arbitration"),
    "evidence_is_submitted": lambda: one(Dispute).update(evidence="Seen", next_step_at=NOW() - HOUR),
    "credits_add_up": lambda: one(Credit).update(left=F("left") + 1),
    "credit_is_booked": lambda: one(Entry, user__isnull=False).update(amount=F("amount") + 1),
    "payments_count_their_credit": lambda: one(Payment, credit_amount__gt=0).update(credit_amount=1),
    "budgets_count_what_is_given": lambda: PromotionCode.objects.update(given_amount=F("given_amount") + 1),
    "expired_credit_is_ended": lambda: one(Credit).update(left=1, expires_at=NOW() - HOUR),
    "referrals_are_given_to_both": lambda: Credit.objects.filter(kind="referral").delete(),
    "referrals_are_settled": lambda: Referral.objects.update(
        status="waiting", why="", ended_at=None, due_at=NOW() - HOUR
    ),
    "attempts_are_seen_to": lambda: Attempt.objects.update(next_step_at=NOW() - HOUR),
    # rides
    "one_active_ride_per_user": lambda: copy(Ride, {"status": "en_route"}, pk=new_key(), partner_id=new_key()),
    "arrivals_are_explained": lambda: RideSign.objects.filter(ride__in=one(Ride, status="completed")).delete(),
    "cancelled_rides_say_when": lambda: one(Ride, status="cancelled").update(cancelled_at=None),
    "ride_times_go_forward": lambda: one(Ride, status="in_progress").update(start_time=F("accepted_at") - HOUR),
    "rides_are_under_the_agreed_prices": lambda: one(Ride, status="in_progress").update(tariff_amount=999),
    "fares_are_right": lambda: one(Ride, status="completed").update(fare_amount=999),
    "completed_rides_are_charged": lambda: one(Payment, kind="fare").update(kind="cancellation_fee"),
    "payments_fit_their_rides": lambda: one(Payment, kind="fare").update(amount=1),
    "ratings_add_up": lambda: one(Partner, rating_count=1).update(rating_sum=2),
    # requests
    "dead_letters_have_a_reason": lambda: one(CheerRequest, status="no_match").update(closed_code=""),
    "offered_requests_have_one_offer": lambda: one(CheerRequest, status="offered").update(status="pending"),
    "accepted_requests_have_one_active_ride": lambda: one(CheerRequest, status="pending").update(status="accepted"),
    "completed_requests_have_one_completed_ride": lambda: one(Ride, status="completed").update(status="cancelled"),
    "closed_requests_hold_nobody": lambda: one(CheerRequest, status="accepted").update(status="cancelled"),
    "closed_requests_let_go_of_their_holds": lambda: one(Hold).update(status="authorized", unwanted=False),
    "no_hold_outlives_its_request": lambda: (
        one(Hold).update(status="closing"),
        CheerRequestTransition.objects.update(at=NOW() - 2 * HOUR),
    ),
    # offers
    "one_accepted_offer_per_ride": lambda: one(Offer, status="accepted").update(status="expired"),
    "answered_offers_say_when": lambda: one(Offer, status="accepted").update(answered_at=None),
    # planned, saved, shared
    "requested_plans_have_their_users_request": lambda: one(ScheduledRequest, status="requested").update(
        user_id=new_key()
    ),
    "plans_are_requested_in_time": lambda: one(ScheduledRequest, status="waiting").update(
        scheduled_for=NOW() - HOUR, due_at=NOW() - HOUR
    ),
    "share_links_are_hashed": lambda: one(ShareLink).update(digest="a token"),
    # partners and rides together
    "offered_partners_have_one_offer": lambda: one(Partner, status="available").update(status="offered"),
    "busy_partners_have_one_active_ride": lambda: one(Partner, status="busy").update(status="available"),
    "rides_serve_the_user_who_asked": lambda: one(Ride).update(user_id=new_key()),
    # deadlines
    "offers_lapse_in_time": lambda: one(Offer, status="pending").update(expires_at=NOW() - HOUR),
    "requests_are_given_up_in_time": lambda: one(CheerRequest, status="pending").update(give_up_at=NOW() - HOUR),
    "requests_are_looked_at_in_time": lambda: one(CheerRequest, status="pending").update(next_attempt_at=NOW() - HOUR),
}
HISTORIES: dict[str, Any] = {
    "partner": PartnerTransition,
    "application": ApplicationTransition,
    "payment": PaymentTransition,
    "attempt": AttemptTransition,
    "refund": RefundTransition,
    "hold": HoldTransition,
    "transfer": TransferTransition,
    "payout_hold": PayoutHoldTransition,
    "reversal": ReversalTransition,
    "manual_entry": ManualEntryTransition,
    "difference": DifferenceTransition,
    "ride": RideTransition,
    "request": CheerRequestTransition,
    "offer": OfferTransition,
    "scheduled": ScheduledRequestTransition,
    "flag": FlagTransition,
    "alert": AlertTransition,
}


def last_step(history: Any) -> Any:
    """The newest step of something that has moved."""
    subject = history.objects.exclude(old="").order_by("subject_id")[0].subject_id
    return history.objects.filter(pk=history.objects.filter(subject=subject).order_by("-id")[0].pk)


def history_plants(name: str, history: Any) -> dict[str, Plant]:
    return {
        f"{name}_history_ends_in_status": lambda: last_step(history).update(new="lost"),
        f"{name}_history_joins": lambda: last_step(history).update(old="lost"),
        f"{name}_history_moves_along_the_graph": lambda: last_step(history).update(new=F("old")),
        f"{name}_history_goes_forward": lambda: last_step(history).update(at=NOW() - 2 * HOUR),
    }


for _name, _history in HISTORIES.items():
    PLANTS |= history_plants(_name, _history)


# Checks that can be broken in another way, too.
OTHER_SIDES: list[tuple[str, Plant]] = [
    ("staff_actions_are_a_chain", lambda: one(StaffAction).delete()),
    ("staff_actions_are_a_chain", lambda: one(StaffAction).update(reason="Another reason")),
    ("offered_requests_have_one_offer", lambda: one(Offer, status="pending").delete()),
    ("movements_have_their_entries", lambda: one(Entry, kind="paid_out").delete()),
    ("movements_have_their_entries", lambda: one(Movement).update(amount=-799)),
    ("offered_requests_have_one_offer", lambda: copy(Offer, {"status": "pending"}, pk=new_key())),
    ("closed_requests_hold_nobody", lambda: one(CheerRequest, status="offered").update(status="no_match")),
    ("completed_rides_are_charged", lambda: copy(Payment, {"kind": "fare"}, pk=new_key())),
    ("payments_fit_their_rides", lambda: one(Payment, kind="tip").update(currency="eur")),
    ("regions_can_be_placed", lambda: one(Region).update(boundary=[["12", "34", "56", "78"]])),
    ("events_have_no_gap", lambda: one(Event, seq=3).update(seq=30)),
    ("request_history_ends_in_status", lambda: CheerRequestTransition.objects.all().delete()),
    ("fares_are_right", lambda: one(Ride, status="completed").update(end_time=F("start_time") + HOUR)),
    ("ride_history_moves_along_the_graph", lambda: RideTransition.objects.filter(old="").update(new="completed")),
]
