"""For each table, how long its rows are kept. A new table fails a test until it is listed here."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from knox.models import AuthToken

from accounts.leftovers import expired_tokens, forget_ended_devices, with_credential, without_session
from accounts.models import AddressChange, DeferredMail, KnownAddress, SocketTicket
from alerts.models import Alert
from api.models import IdempotencyRecord
from core.ids import first_id_at
from core.pruning import OFTEN_S, Aged, Emptied, Pruning, Repeated, Walked, delete, kept_for
from failures import settling
from failures.models import FailedDelivery
from insights.positioning.models import Advice
from insights.sandbox.models import ShadowChoice
from insights.trail.models import TrailPiece
from notifications.models import Event, PushSubscription
from payments.models import ProviderEvent
from requests_app import retention
from requests_app.models import Offer, ShareLink
from requests_app.records import Look, Matching
from rides.models import Message
from risk.models import Trace
from web.models import DataExport

DEVICES = 200  # subscriptions in a batch: their sessions are read and decoded


def _told(now: datetime) -> Q:
    """Match the webhook events that have been acted on and still have their body."""
    return Q(next_step_at=None) & ~Q(payload={})


def _told_until(now: datetime) -> datetime:
    return now - kept_for("PROVIDER_EVENTS_KEPT_DAYS")


def _emptied(events: QuerySet[ProviderEvent]) -> int:
    """Forget the details of cards and addresses. The row stays for a while, so an event that comes again is known."""
    return events.update(payload={})


def _all(now: datetime) -> Q:
    return Q()


def _decided_until(now: datetime) -> UUID:
    return first_id_at(now - kept_for("DECISIONS_KEPT_DAYS"))


def _messages_until(now: datetime) -> UUID:
    return first_id_at(now - kept_for("MESSAGES_KEPT_DAYS"))


# Rows that go, or lose what is personal, after a time. The dictionary's order is the order of the turns.
PRUNED: Mapping[str, tuple[Pruning, ...]] = {
    "api.IdempotencyRecord": (Aged(IdempotencyRecord, "created_at", "IDEMPOTENCY_KEY_TTL_S"),),
    "notifications.Event": (Aged(Event, "created_at", "EVENTS_KEPT_DAYS"),),
    "accounts.SocketTicket": (Aged(SocketTicket, "expires_at", "SOCKET_TICKET_TTL_S", ends=True),),
    "accounts.DeferredMail": (Aged(DeferredMail, "until", "MAIL_SENT_WITHIN_S", ends=True),),
    "accounts.AddressChange": (Aged(AddressChange, "expires_at", "ADDRESS_UNDO_DAYS", ends=True),),
    "accounts.KnownAddress": (Aged(KnownAddress, "last_used_at", "KNOWN_ADDRESSES_KEPT_DAYS"),),
    "sessions.Session": (Aged(Session, "expire_date", "SESSION_IDLE_S", ends=True),),
    "usersessions.UserSession": (Walked(UserSession, without_session, delete),),
    "knox.AuthToken": (Walked(AuthToken, expired_tokens, delete),),
    "notifications.PushSubscription": (Walked(PushSubscription, with_credential, forget_ended_devices, size=DEVICES),),
    "requests_app.ShareLink": (Aged(ShareLink, "expires_at", "SHARE_TTL_S", ends=True),),
    "requests_app.CheerRequest": (Repeated(retention.coarsen_requests, retention.BATCH),),
    "requests_app.ScheduledRequest": (Repeated(retention.coarsen_scheduled, retention.BATCH),),
    "requests_app.Offer": (Emptied(Offer, "decision", "DECISIONS_KEPT_DAYS"),),
    "requests_app.Matching": (Walked(Matching, _all, delete, upto=_decided_until, every_s=OFTEN_S),),
    "requests_app.Look": (Walked(Look, _all, delete, upto=_decided_until, every_s=OFTEN_S),),
    "rides.Message": (Walked(Message, _all, delete, upto=_messages_until, every_s=OFTEN_S),),
    "insights.ShadowChoice": (Walked(ShadowChoice, _all, delete, upto=_decided_until, every_s=OFTEN_S),),
    "alerts.Alert": (Aged(Alert, "resolved_at", "ALERTS_KEPT_DAYS"),),
    "failures.FailedDelivery": (
        Aged(FailedDelivery, "closed_at", "FAILURES_KEPT_DAYS"),
        Aged(FailedDelivery, "given_up_at", "FAILURES_KEPT_DAYS"),
        Walked(FailedDelivery, settling.overdue, settling.settle, every_s=settling.EVERY_S),
    ),
    "insights.Advice": (Aged(Advice, "given_at", "ADVICE_KEPT_DAYS"),),
    "insights.TrailPiece": (Aged(TrailPiece, "begins_at", "TRAIL_KEPT_DAYS"),),
    "risk.Trace": (Aged(Trace, "last_seen", "TRACES_KEPT_DAYS"),),
    "web.DataExport": (Aged(DataExport, "expires_at", "EXPORTS_KEPT_DAYS", ends=True),),
    "payments.ProviderEvent": (
        Walked(ProviderEvent, _told, _emptied, column="received_at", upto=_told_until),
        Aged(ProviderEvent, "received_at", "PROVIDER_EVENT_IDS_KEPT_DAYS"),
    ),
}

_HISTORY = "for ever, with its row: the evidence in disputes, and what the audit compares rows with"
_BOOKS = "for ever: the books"
_SET_UP = "until staff delete it: how the installation is set up"
_ACCOUNT = "with its account"
_FACTS = "for ever: sums over an hour of a region, without anybody's name; counted from rows that are kept as long"
_TRIED = "for ever: what staff have tried, and sums that tell of five people at least or of a half hour of a region"
_ANONYMOUS = "for ever, without the person once the account is deleted: the books refer to it"

# Rows that no time ends, with the reason.
KEPT: Mapping[str, str] = {
    "account.EmailAddress": _ACCOUNT,
    "account.EmailConfirmation": "none: links that confirm an address are signed, and no rows",
    "accounts.ApplicationTransition": _HISTORY,
    "accounts.NotificationSettings": _ACCOUNT,
    "accounts.Partner": _ANONYMOUS,
    "accounts.PartnerTransition": _HISTORY,
    "accounts.User": _ANONYMOUS,
    "accounts.User_groups": _ACCOUNT,
    "accounts.User_regions": _ACCOUNT,
    "accounts.User_user_permissions": _ACCOUNT,
    "admin.LogEntry": "for ever: who of the staff has done what",
    "backoffice.StaffAction": "for ever: the chain of what staff have done; a reason goes with the account it is about",
    "alerts.AlertNotice": "until its alert goes",
    "alerts.AlertTransition": "until its alert goes",
    "auth.Group": _SET_UP,
    "auth.Group_permissions": _SET_UP,
    "auth.Permission": _SET_UP,
    "contenttypes.ContentType": _SET_UP,
    "insights.Adviser": "until its region goes: one row for each",
    "insights.ArrivalTable": "until its region goes: figures of the last weeks, of five people at least, learnt anew",
    "insights.Counting": "for ever: one row, which says how far the facts have been counted",
    "insights.HourAdvice": "for ever: sums over an hour of a region, without anybody's name",
    "insights.HourFacts": _FACTS,
    "insights.HourMoney": _FACTS,
    "insights.HourSupply": _FACTS,
    "insights.Forecast": "until the next of its region replaces it, by the job that forecasts",
    "insights.Forecaster": "until its region goes: one row for each",
    "insights.ForecastModel": "until 90 newer ones of its region are there, by the job that trains: figures only",
    "insights.ForeseenHour": "until its region goes: what was forecast for an hour, nobody's name",
    "insights.OwnDemand": "until its region goes: counts by half hour and cell, nobody's name",
    "insights.PastDemand": "until staff delete its region: counts by half hour and cell that somebody imported",
    "insights.Shadow": _TRIED,
    "insights.Switchback": _TRIED,
    "insights.SwitchbackSlot": _TRIED,
    "insights.Trial": _TRIED,
    "mfa.Authenticator": _ACCOUNT,
    "notifications.DeferredPush": "until it is sent or too late, by the sweep",
    "notifications.Stream": _ACCOUNT,
    "payments.Attempt": _BOOKS,
    "payments.AttemptTransition": _HISTORY,
    "payments.CountedDay": _BOOKS,
    "payments.Credit": _BOOKS,
    "payments.BankPayout": _BOOKS,
    "payments.Customer": _ANONYMOUS,
    "payments.Difference": _BOOKS,
    "payments.DifferenceTransition": _HISTORY,
    "payments.Dispute": _BOOKS,
    "payments.Entry": _BOOKS,
    "payments.Hold": _BOOKS,
    "payments.HoldTransition": _HISTORY,
    "payments.ManualEntry": _BOOKS,
    "payments.ManualEntryTransition": _HISTORY,
    "payments.Movement": _BOOKS,
    "payments.Payment": _BOOKS,
    "payments.PaymentTransition": _HISTORY,
    "payments.PayoutAccount": _BOOKS,
    "payments.PayoutHold": _BOOKS,
    "payments.PayoutHoldTransition": _HISTORY,
    "payments.Period": _BOOKS,
    "payments.PeriodTotal": _BOOKS,
    "payments.PromotionCode": _SET_UP,
    "payments.Reconciliation": _BOOKS,
    "payments.Referral": _BOOKS,
    "payments.ReferralCode": _ACCOUNT,
    "payments.Refund": _BOOKS,
    "payments.RefundTransition": _HISTORY,
    "payments.Reversal": _BOOKS,
    "payments.ReversalTransition": _HISTORY,
    "payments.Transfer": _BOOKS,
    "payments.TransferTransition": _HISTORY,
    "regions.Region": _SET_UP,
    "regions.Policy": _SET_UP,
    "regions.Terms": _SET_UP,
    "requests_app.CheerRequestTransition": _HISTORY,
    "requests_app.DeadLetter": "for ever, with its request, whose words it loses with it",
    "requests_app.OfferTransition": _HISTORY,
    "requests_app.RequestType": _SET_UP,
    "requests_app.SavedPlace": _ACCOUNT,
    "requests_app.ScheduledRequestTransition": _HISTORY,
    "rides.Ride": _BOOKS,
    "rides.RideSign": _HISTORY,
    "rides.RideTransition": _HISTORY,
    "risk.Flag": "for ever: a finding outlives the account",
    "risk.FlagTransition": _HISTORY,
    "socialaccount.SocialAccount": _ACCOUNT,
    "socialaccount.SocialApp": _SET_UP,
    "socialaccount.SocialToken": _ACCOUNT,
    "web.DataExportPart": "until its export goes",
}
