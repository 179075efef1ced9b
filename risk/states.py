"""The kinds of flags and of traces, and the states of a flag."""

from django.db import models

from core.transitions import Graph


class FlagKind(models.TextChoices):
    IMPLAUSIBLE_POSITION = "implausible_position", "Implausible position"
    EARLY_START = "early_start", "Early start"
    ARRIVAL_DISPUTED = "arrival_disputed", "Arrival disputed"
    PARTED_DURING_SESSION = "parted_during_session", "Parted during the session"
    SESSION_TOO_SHORT = "session_too_short", "Session too short"
    DECLINES_FAR_ABOVE_USUAL = "declines_far_above_usual", "Declines far above usual"
    TIP_OVER_CAP = "tip_over_cap", "Tip over the cap"
    LINKED_ACCOUNTS = "linked_accounts", "Linked accounts"
    FIRST_PAYOUT = "first_payout", "First payout"
    PAYOUT_ACCOUNT_CHANGED = "payout_account_changed", "Payout account changed"
    CARD_VELOCITY = "card_velocity", "Many cards or declines"
    CARD_SHARED = "card_shared", "Card of several accounts"
    PAYMENT_DISPUTED = "payment_disputed", "Payment disputed"
    STAYED_AWAY = "stayed_away", "Stayed away after accepting"
    SILENT_PARTNER = "silent_partner", "Silent partner"
    MESSAGE_REPORTED = "message_reported", "Message reported"


# The rule behind each kind, as staff read it. `figure` and `limit` of a flag are what it names in brackets.
DESCRIPTIONS: dict[str, str] = {
    FlagKind.IMPLAUSIBLE_POSITION: "A device has often reported positions that it can't have reached (metres per "
    "second).",
    FlagKind.EARLY_START: "A session was started without an arrival at the place (metres from the place).",
    FlagKind.ARRIVAL_DISPUTED: "The user says that nobody is at the place, although the partner's positions say so.",
    FlagKind.PARTED_DURING_SESSION: "User and partner moved apart while the session was billed (metres).",
    FlagKind.SESSION_TOO_SHORT: "A session was over before a cheer can be (seconds).",
    FlagKind.DECLINES_FAR_ABOVE_USUAL: "A partner turned down or let lapse far more offers than is usual (percent).",
    FlagKind.TIP_OVER_CAP: "A user tried to tip more than the cap allows (minor units).",
    FlagKind.LINKED_ACCOUNTS: "The two sides of a ride share a card, a phone, a device or an address (link score).",
    FlagKind.FIRST_PAYOUT: "A partner is to be paid for one of their first sessions (payouts made so far).",
    FlagKind.PAYOUT_ACCOUNT_CHANGED: "A partner is to be paid to an account that is new (days since the change).",
    FlagKind.CARD_VELOCITY: "An account or an address tried many cards, or many were declined in a row (tries).",
    FlagKind.CARD_SHARED: "The same card was saved by several accounts (accounts).",
    FlagKind.PAYMENT_DISPUTED: "The holder of a card denies a payment at their bank (minor units).",
    FlagKind.STAYED_AWAY: "A partner came no nearer until the user cancelled for a fee (metres from the place).",
    FlagKind.SILENT_PARTNER: "A partner earned a fee, and their device had been silent: on the way, without coming "
    "nearer before, or while they waited (seconds).",
    FlagKind.MESSAGE_REPORTED: "One side of a ride reported what the other one wrote.",
}


class TraceKind(models.TextChoices):
    CARD = "card", "Card"
    DEVICE = "device", "Device"
    ADDRESS = "address", "Network address"
    PHONE = "phone", "Phone"


class FlagStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLEARED = "cleared", "Cleared"
    CONFIRMED = "confirmed", "Confirmed"


FLAG_GRAPH = Graph(
    FlagStatus,
    initial=FlagStatus.OPEN,
    edges={
        FlagStatus.OPEN: [FlagStatus.CLEARED, FlagStatus.CONFIRMED],
        # A later look may judge otherwise.
        FlagStatus.CLEARED: [FlagStatus.CONFIRMED],
        FlagStatus.CONFIRMED: [FlagStatus.CLEARED],
    },
)
