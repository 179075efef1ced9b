"""Credits in the admin: giving one as an apology, and taking back what is left of one."""

from datetime import datetime
from decimal import Decimal

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.enums import ActionVariant

from accounts.models import User
from backoffice.base import ReadOnlyAdmin
from backoffice.columns import amount, amount_text, identity, minor_units, moment, related
from backoffice.growing import Growing
from backoffice.regional import OfPeople
from backoffice.steps import AmountForm, Step
from core.errors import Invalid
from payments.apologies import apologize, take_back
from payments.models import Credit, Payment


def _apologize(payment: Payment, actor: User, reason: str, now: datetime, amount: Decimal | None) -> str:
    if amount is None:
        raise Invalid("invalid", "Say how much.", "amount")
    credit = apologize(payment, amount=minor_units(amount, payment.currency), reason=reason, actor=actor, now=now)
    return f"{amount_text(credit.amount, credit.currency)} of credit is given."


APOLOGIZE = Step(
    "apologize",
    "Give credit",
    _apologize,
    "The user gets credit as an apology, which is spent on their next cheers before the card. They read the reason.",
    icon="redeem",
    asks=AmountForm,
    sensitive=True,
)


def _take_back(credit: Credit, actor: User, reason: str, now: datetime) -> str:
    return f"{amount_text(take_back(credit, actor=actor, now=now), credit.currency)} is taken back."


TAKE_BACK = Step(
    "take_back",
    "Take back",
    _take_back,
    "What is left of this credit can't be spent any more. What was spent stays spent.",
    fits=lambda credit: credit.left > 0,
    icon="undo",
    variant=ActionVariant.DANGER,
    sensitive=True,
)


@admin.register(Credit)
class CreditAdmin(Growing, ReadOnlyAdmin):
    """Credit given to users, and what is left of it."""

    reach = OfPeople("user")
    steps = (TAKE_BACK,)
    linked = identity()
    created = moment("created_at", "Given")
    expires = moment("expires_at", "Expires")
    given = amount("amount", "Amount")
    rest = amount("left", "Left")
    gone = amount("ended", "Ended")
    user_link = related("user", "User", named=True)
    actor_link = related("actor", "Given by", named=True)
    ride_link = related("ride", "Ride")
    list_display = ("created", "kind", "given", "rest", "expires", "user_link", "ride_link")
    list_filter = (("kind", ChoicesDropdownFilter),)
    list_select_related = ("user",)
    came_at = "created_at"
    search_fields = ("user",)
    search_ids = ("pk", "user_id", "ride_id")
    fields = (
        ("kind", "created", "expires"),
        ("given", "rest", "gone"),
        ("user_link", "ride_link", "region"),
        ("code", "share_bps", "first_cheer"),
        ("actor_link", "reason"),
    )
    readonly_fields = ("created", "expires", "given", "rest", "gone", "user_link", "actor_link", "ride_link")
