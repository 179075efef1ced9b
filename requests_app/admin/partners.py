"""Partners in the admin, with the steps that belong to dispatch."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from unfold.enums import ActionVariant

from accounts.admin.partners import PartnerAdmin
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from backoffice.steps import Step
from backoffice.story import Line, WithStory
from requests_app.admin.partner_story import story_of
from requests_app.serving.fulfilment import release_partner


def _release(partner: Partner, actor: User, reason: str, now: datetime) -> str:
    return release_partner(partner, actor=actor, now=now)


RELEASE = Step(
    "release",
    "Release",
    _release,
    "For a partner who is stuck. They go offline; an offer is taken back, a ride that has not started is cancelled "
    "and its request matched again, a running session is ended and billed.",
    fits=lambda partner: partner.status != PartnerStatus.OFFLINE,
    icon="logout",
    variant=ActionVariant.WARNING,
)


@admin.register(Partner)
class DispatchPartnerAdmin(WithStory, PartnerAdmin):
    """Partners: their application and their present status. Name, type and phone can be corrected."""

    steps = (*PartnerAdmin.steps, RELEASE)

    def story(self, row: Partner, viewer: Any) -> Iterable[Line]:
        """Return what happened to the partner."""
        return story_of(row, viewer)
