"""The sweep and a booking whose hold the bank has not answered yet."""

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.states import RequestStatus
from tests.cast import fresh, match, offered_to, submit
from tests.online import Online

pytestmark = pytest.mark.django_db


def test_a_declined_card_is_not_served_because_the_sweep_came_before_the_bank(
    online: Online, user: User, partner: Partner, nyc: Region
) -> None:
    """A request that waits for its hold is not one whose next attempt is too far ahead."""
    online.save_card(user, "pm_card_chargeCustomerFail")
    request = submit(user)
    sweep_deadlines(timezone.now())
    online.work()
    match(nyc)
    assert offered_to(request) is None
    assert fresh(request).status == RequestStatus.CANCELLED
