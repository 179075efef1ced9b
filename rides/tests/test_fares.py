"""Display, charge, receipt and final fare are one."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.tests.test_prices import EXAMPLES, minutes
from payments.models import Payment
from rides.models import Ride
from tests.cast import Clock


@pytest.mark.parametrize(("ran", "cents"), EXAMPLES)
def test_display_charge_receipt_and_final_fare_agree(
    partner_api: APIClient, user_api: APIClient, running: Ride, clock: Clock, ran: str, cents: int
) -> None:
    assert running.start_time is not None
    clock.now = running.start_time + minutes(ran)
    shown: Any = user_api.get(f"/ride/{running.pk}").json()
    ended: Any = partner_api.post("/rideEnd", {"rideId": str(running.pk)}).json()
    [payment] = Payment.objects.filter(ride=running)
    receipt: Any = user_api.get(f"/ride/{running.pk}/receipt").json()
    [line] = receipt["lines"]
    assert (
        shown["fare"]["amount"]
        == ended["fare"]["amount"]
        == payment.amount
        == line["amount"]["amount"]
        == line["quantity"] * line["unitAmount"]
        == receipt["total"]["amount"]
        == cents
    )
    assert shown["elapsedS"] == ended["elapsedS"] == minutes(ran).total_seconds()
