"""Referrals in the admin: who has invited whom, and what has come of it."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from backoffice.base import ReadOnlyAdmin
from backoffice.columns import identity, moment, related
from backoffice.growing import Growing
from backoffice.regional import OfPeople
from payments.models import Referral


@admin.register(Referral)
class ReferralAdmin(Growing, ReadOnlyAdmin):
    """Newcomers who have entered a friend's code. The credits given for them are in the list of credits."""

    reach = OfPeople("newcomer")
    linked = identity()
    created = moment("created_at", "Entered")
    due = moment("due_at", "Credit due")
    ended = moment("ended_at", "Ended")
    newcomer_link = related("newcomer", "Newcomer", named=True)
    referrer_link = related("referrer", "Invited by", named=True)
    payment_link = related("payment", "First fare")
    list_display = ("created", "status", "why", "newcomer_link", "referrer_link", "due", "ended")
    list_filter = (("status", ChoicesDropdownFilter),)
    list_select_related = ("newcomer", "referrer")
    came_at = "created_at"
    search_fields = ("newcomer", "referrer")
    search_ids = ("pk", "newcomer_id", "referrer_id", "payment_id")
    fields = (("status", "why"), ("created", "due", "ended"), ("newcomer_link", "referrer_link"), "payment_link")
    readonly_fields = ("created", "due", "ended", "newcomer_link", "referrer_link", "payment_link")
