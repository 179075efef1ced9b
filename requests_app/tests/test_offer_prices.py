"""A partner is offered the prices that the request was made under, and is paid what the offer said."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner
from notifications.models import Event
from payments.models import Payment
from regions.models import Region
from regions.selectors import forget_regions
from requests_app.consumers import PartnerConsumer
from requests_app.models import CheerRequest, Offer
from requests_app.serializers import offer_body
from tests.cast import accept, agree, end, match, open_offer, start
from web.tests.browse import browser_of, data_of

OF_THE_REQUEST = {
    "tariff": {"amount": 1000, "currency": "usd", "incrementS": 300},
    "share": {"amount": 800, "currency": "usd"},
}
OF_NOW = {"increment_amount": 9900, "currency": "eur", "increment_s": 60, "commission_bps": 9000, "tax_rate": 50_000}


def prices_in(offer: dict[str, Any]) -> dict[str, Any]:
    return {name: offer[name] for name in OF_THE_REQUEST}


@pytest.fixture
def late_offer(pending: CheerRequest, partner: Partner, nyc: Region) -> Offer:
    """All prices of the region have changed between the request and its offer."""
    Region.objects.update(**OF_NOW, tax_name="VAT")
    forget_regions()
    match(Region.objects.get(pk=nyc.pk))
    return open_offer(pending)


def test_the_frame_says_what_was_agreed(late_offer: Offer) -> None:
    event = Event.objects.get(recipient=f"partner:{late_offer.partner_id}", type="offer")
    assert prices_in(event.payload["offer"]) == OF_THE_REQUEST


def test_so_do_the_request_and_the_page(late_offer: Offer, partner_api: APIClient, staff_api: APIClient) -> None:
    path = f"/cheerRequest/{late_offer.request_id}"
    assert prices_in(partner_api.get(path).json()["offer"]) == OF_THE_REQUEST
    assert prices_in(staff_api.get(path).json()["offer"]) == OF_THE_REQUEST
    page = browser_of(late_offer.partner.user).get("/partner")
    assert [prices_in(offer) for offer in data_of(page)["offers"]] == [OF_THE_REQUEST]


def test_so_does_the_socket_of_a_partner_who_comes_back(late_offer: Offer) -> None:
    socket = PartnerConsumer()
    socket.user = late_offer.partner.user
    state = socket.snapshot(account_is_new=False)
    assert [prices_in(offer) for offer in state["offers"]] == [OF_THE_REQUEST]


def test_the_partner_is_paid_the_share_that_was_offered(late_offer: Offer) -> None:
    end(start(accept(late_offer)))
    payment = Payment.objects.get()
    assert (payment.partner_share, payment.currency) == (800, "usd")


@pytest.mark.parametrize(
    ("agreed", "share"),
    [
        ({"tax_rate": 19_000, "tax_name": "VAT"}, 672),
        ({"tax_rate": 8875, "tax_name": "Sales tax", "tax_inclusive": False}, 800),
        ({"commission_bps": 1234, "increment_amount": 1003}, 880),
        ({"currency": "kwd", "increment_amount": 3010, "commission_bps": 1234}, 2640),
    ],
)
def test_tax_and_commission_are_reckoned_as_in_the_payment(
    agreed: dict[str, Any], share: int, pending: CheerRequest, partner: Partner, nyc: Region
) -> None:
    agree(pending, **agreed)
    match(nyc)
    offer = open_offer(pending)
    assert offer_body(offer)["share"]["amount"] == share
    end(start(accept(offer)))
    assert Payment.objects.get().partner_share == share


def test_an_older_request_is_offered_at_the_prices_of_its_region(
    pending: CheerRequest, partner: Partner, nyc: Region
) -> None:
    CheerRequest.objects.update(terms=None)
    match(nyc)
    assert prices_in(offer_body(open_offer(pending))) == OF_THE_REQUEST
