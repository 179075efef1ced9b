"""Every table with rows about a person: which rows they are, their secret fields, and the rows that are kept.

Export and deletion both read this list, and a test compares it with the models: a new table that refers to accounts
or partners must be entered here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Case, CharField, F, Model, Q, QuerySet, Value, When

from accounts.models import Partner, User
from backoffice.models import FORGOTTEN
from notifications.events import partner_recipient, user_recipient
from requests_app.retention import COARSE_LETTER, COARSE_OFFER, COARSE_REQUEST, COARSE_RIDE
from rides.phrases import Side


@dataclass(frozen=True, slots=True)
class Owner:
    """The person whose rows are read, as an account and possibly a partner."""

    user: User
    partner: Partner | None

    @classmethod
    def of(cls, user: User) -> "Owner":
        return cls(user, Partner.objects.filter(user=user).first())

    @property
    def recipients(self) -> list[str]:
        """The names under which events are addressed to them."""
        names = [user_recipient(self.user.pk)]
        return [*names, partner_recipient(self.partner.pk)] if self.partner else names


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows of one table that are about a person.

    `kept` is None if the rows are deleted with the account. If others need the rows (a ride belongs to its partner and
    its payment too), it has the fields to overwrite and their new values. `actors` has the fields of a step that are
    exported only to its actor.
    """

    section: str
    model: str
    belongs: Callable[[Owner], Q]
    secret: frozenset[str] = field(default=frozenset())
    kept: Mapping[str, Any] | None = None
    actors: frozenset[str] = field(default=frozenset())

    def rows(self, owner: Owner) -> QuerySet[Model]:
        """The owner's rows in the order in which they were created."""
        return self.all().filter(self.belongs(owner)).order_by("pk")

    def all(self) -> QuerySet[Model]:
        """Everybody's rows."""
        rows: QuerySet[Model] = apps.get_model(self.model)._default_manager.all()
        return rows


def _by(*paths: str) -> Callable[[Owner], Q]:
    """Select rows that refer to the account by one of these paths."""

    def belongs(owner: Owner) -> Q:
        found = Q()
        for path in paths:
            found |= Q(**{path: owner.user.pk})
        return found

    return belongs


def _addressed(path: str) -> Callable[[Owner], Q]:
    return lambda owner: Q(**{f"{path}__in": owner.recipients})


def _logged(owner: Owner) -> Q:
    """The admin's log of their own actions, and of actions on their account."""
    about = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(owner.user.pk))
    if owner.partner:
        about |= Q(content_type=ContentType.objects.get_for_model(Partner), object_id=str(owner.partner.pk))
    return about | Q(user=owner.user)


def _done(owner: Owner) -> Q:
    """Select their actions as staff, and those of staff on their account, their partner or their rows."""
    about = Q(actor=owner.user) | Q(kind=User._meta.label_lower, subject=str(owner.user.pk))
    if owner.partner:
        about |= Q(kind=Partner._meta.label_lower, subject=str(owner.partner.pk))
    for label in ("requests_app.cheerrequest", "rides.ride", "payments.payment"):
        theirs = apps.get_model(label)._default_manager.filter(user=owner.user).order_by()
        about |= Q(kind=label, subject__in=[str(pk) for pk in theirs.values_list("pk", flat=True)])
    return about


def _wrote(owner: Owner) -> Q:
    """Select the messages that they wrote, as the user or as the partner of a ride."""
    return Q(sender=Side.USER, ride__user=owner.user) | Q(sender=Side.PARTNER, ride__partner__user=owner.user)


def _was_written(owner: Owner) -> Q:
    """Select the messages that the other side of a ride wrote to them."""
    return Q(sender=Side.PARTNER, ride__user=owner.user) | Q(sender=Side.USER, ride__partner__user=owner.user)


# What was reported stays until `MESSAGES_KEPT_DAYS` are over: nobody escapes staff by closing their account.
UNREPORTED_TEXT_GOES = Case(When(reported_at=None, then=Value("")), default=F("text"), output_field=CharField())
SILENT: Mapping[str, Any] = {"reason": ""}  # keep the step, clear its text
NO_CARD: Mapping[str, Any] = {
    "card_reference": "",
    "card_brand": "",
    "card_last4": "",
    "card_exp_month": None,
    "card_exp_year": None,
}
HOLDINGS = [
    Holding(
        "account",
        "accounts.User",
        _by("pk"),
        frozenset(["password"]),
        {"name": "", "language": "", "last_login": None, "is_active": False},
    ),
    Holding("groups", "accounts.User_groups", _by("user")),
    Holding("regions", "accounts.User_regions", _by("user")),
    Holding("rights", "accounts.User_user_permissions", _by("user")),
    Holding("emailAddresses", "account.EmailAddress", _by("user")),
    Holding("notificationSettings", "accounts.NotificationSettings", _by("user")),
    Holding("addressChanges", "accounts.AddressChange", _by("user"), frozenset(["digest"])),
    Holding("exports", "web.DataExport", _by("user")),
    Holding("mails", "accounts.DeferredMail", _by("user")),
    Holding("failedDeliveries", "failures.FailedDelivery", _by("account")),
    Holding("secondFactors", "mfa.Authenticator", _by("user"), frozenset(["data"])),
    Holding("browserSessions", "usersessions.UserSession", _by("user"), frozenset(["session_key"])),
    Holding("apiTokens", "knox.AuthToken", _by("user"), frozenset(["digest"])),
    Holding("socketTickets", "accounts.SocketTicket", _by("user"), frozenset(["digest", "credential"])),
    Holding("knownAddresses", "accounts.KnownAddress", _by("user"), frozenset(["digest"])),
    Holding("socialAccounts", "socialaccount.SocialAccount", _by("user")),
    Holding(
        "cheerRequests",
        "requests_app.CheerRequest",
        _by("user"),
        kept=COARSE_REQUEST,
    ),
    Holding("cheerRequestSteps", "requests_app.CheerRequestTransition", _by("subject__user", "actor"), kept=SILENT),
    Holding("cheerRequestLooks", "requests_app.Look", _by("request__user"), kept={}),
    Holding("cheerRequestShadows", "insights.ShadowChoice", _by("request__user"), kept={}),
    Holding(
        "deadLetters",
        "requests_app.DeadLetter",
        _by("request__user", "owner"),
        frozenset(["owner_id", "asked_first_id"]),
        COARSE_LETTER,
    ),
    Holding("sharedLinks", "requests_app.ShareLink", _by("request__user"), frozenset(["digest"])),
    Holding(
        "scheduledRequestSteps", "requests_app.ScheduledRequestTransition", _by("subject__user", "actor"), kept=SILENT
    ),
    Holding("scheduledRequests", "requests_app.ScheduledRequest", _by("user")),
    Holding("savedPlaces", "requests_app.SavedPlace", _by("user")),
    # One section for all rides, whether they asked for them or served them.
    # The reason why a partner called one off is theirs and ours: "it does not feel safe" may endanger them.
    Holding(
        "rides",
        "rides.Ride",
        _by("user", "partner__user"),
        frozenset(["pin", "closed_code", "closed_note"]),
        {**COARSE_RIDE, "pin": ""},
    ),
    Holding(
        "rideSteps",
        "rides.RideTransition",
        _by("subject__user", "subject__partner__user", "actor"),
        kept=SILENT,
        actors=frozenset(["reason"]),
    ),
    Holding("messagesSent", "rides.Message", _wrote, frozenset(["reported_at"]), {"text": UNREPORTED_TEXT_GOES}),
    Holding("messagesReceived", "rides.Message", _was_written, kept={}),
    Holding("rideSigns", "rides.RideSign", _by("ride__user", "ride__partner__user"), kept={}),
    Holding("payments", "payments.Payment", _by("user"), kept={}),
    Holding("paymentSteps", "payments.PaymentTransition", _by("subject__user", "actor"), kept=SILENT),
    Holding("card", "payments.Customer", _by("user"), kept=NO_CARD),
    # Charges, refunds and payouts stay in the books, with the card that a receipt shows.
    Holding("holds", "payments.Hold", _by("user"), kept={}),
    Holding("holdSteps", "payments.HoldTransition", _by("subject__user", "actor"), kept=SILENT),
    Holding("attempts", "payments.Attempt", _by("payment__user"), kept={}),
    Holding("attemptSteps", "payments.AttemptTransition", _by("subject__payment__user", "actor"), kept=SILENT),
    Holding("credits", "payments.Credit", _by("user"), frozenset(["actor_id"]), kept={"reason": ""}),
    Holding("referralCode", "payments.ReferralCode", _by("user")),
    # The one side does not learn who the other is, nor why nothing was given.
    Holding(
        "referrals",
        "payments.Referral",
        _by("newcomer", "referrer"),
        frozenset(["newcomer_id", "referrer_id", "payment_id", "why"]),
        kept={},
    ),
    Holding("refunds", "payments.Refund", _by("attempt__payment__user", "actor"), kept=SILENT),
    Holding("refundSteps", "payments.RefundTransition", _by("subject__attempt__payment__user", "actor"), kept=SILENT),
    Holding("payoutAccount", "payments.PayoutAccount", _by("partner__user"), kept={}),
    Holding("payouts", "payments.Transfer", _by("partner__user"), kept={}),
    Holding("differenceSteps", "payments.DifferenceTransition", _by("actor"), kept=SILENT),
    Holding("heldPayouts", "payments.PayoutHold", _by("partner__user"), kept={}),
    Holding("heldPayoutSteps", "payments.PayoutHoldTransition", _by("subject__partner__user", "actor"), kept=SILENT),
    Holding("payoutSteps", "payments.TransferTransition", _by("subject__partner__user", "actor"), kept=SILENT),
    Holding("payoutReversals", "payments.Reversal", _by("transfer__partner__user"), kept={}),
    Holding(
        "payoutReversalSteps",
        "payments.ReversalTransition",
        _by("subject__transfer__partner__user", "actor"),
        kept=SILENT,
    ),
    # A finding outlives the account; `evidence` has ids and numbers only. A limit would help to stay below it.
    Holding(
        "flags",
        "risk.Flag",
        _by("account", "reviewed_by"),
        frozenset(["evidence", "figure", "limit", "note", "subject", "reviewed_by_id"]),
        {"note": ""},
    ),
    Holding("advice", "insights.Advice", _by("partner__user")),
    Holding("trails", "insights.TrailPiece", _by("partner__user")),
    Holding("traces", "risk.Trace", _by("account"), frozenset(["digest"])),
    Holding("flagSteps", "risk.FlagTransition", _by("subject__account", "actor"), kept=SILENT),
    Holding("alertSteps", "alerts.AlertTransition", _by("actor"), kept=SILENT),
    Holding("ledger", "payments.Entry", _by("partner__user", "user"), kept={}),
    Holding("closedMonths", "payments.Period", _by("closed_by"), kept={}),
    Holding("policiesOfRegions", "regions.Policy", _by("author"), kept={}),
    Holding("trials", "insights.Trial", _by("author"), frozenset(["result"]), {}),
    Holding("shadows", "insights.Shadow", _by("author"), kept={}),
    Holding("switchbacks", "insights.Switchback", _by("author"), kept={}),
    Holding(
        "manualEntries",
        "payments.ManualEntry",
        _by("payment__user", "partner__user"),
        frozenset(["author_id", "approver_id", "needs_approval"]),
        {"reason": "deleted account"},
    ),
    Holding(
        "manualEntrySteps",
        "payments.ManualEntryTransition",
        _by("subject__payment__user", "subject__partner__user", "actor"),
        kept=SILENT,
        actors=frozenset(["reason"]),
    ),
    Holding(
        "partner",
        "accounts.Partner",
        _by("user"),
        kept={"name": "Former partner", "phone": "", "lat": None, "lng": None, "position_at": None, "answers": ""},
    ),
    Holding("partnerSteps", "accounts.PartnerTransition", _by("subject__user", "actor"), kept=SILENT),
    Holding("applicationSteps", "accounts.ApplicationTransition", _by("subject__user", "actor"), kept=SILENT),
    Holding(
        "offers",
        "requests_app.Offer",
        _by("partner__user"),
        frozenset(["decision"]),  # the distances of other partners
        COARSE_OFFER,
    ),
    Holding("offerSteps", "requests_app.OfferTransition", _by("subject__partner__user", "actor"), kept=SILENT),
    Holding("events", "notifications.Event", _addressed("recipient")),
    Holding(
        "pushSubscriptions",
        "notifications.PushSubscription",
        _addressed("recipient"),
        frozenset(["digest", "endpoint", "p256dh", "auth", "credential"]),
    ),
    Holding("waitingPushes", "notifications.DeferredPush", _addressed("recipient")),
    Holding("eventCounters", "notifications.Stream", _addressed("pk")),
    Holding("keptAnswers", "api.IdempotencyRecord", lambda owner: Q(scope=f"user:{owner.user.pk}")),
    Holding(
        "staffActions",
        "backoffice.StaffAction",
        _done,
        frozenset(["address", "call", "salt", "reason_digest", "previous", "digest"]),
        FORGOTTEN,
        actors=frozenset(["reason"]),
    ),
    Holding("adminLog", "admin.LogEntry", _logged, kept={"object_repr": "deleted account", "change_message": ""}),
]
