"""Why this partner: staff with the right read it, over the API and in the admin. Nobody else does."""

from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, page_of
from regions.models import Region
from requests_app.matching import policy
from requests_app.models import CheerRequest, Offer
from tests.cast import (
    assert_refused,
    client_of,
    decline,
    make_clerk,
    make_partner,
    match,
    north,
    open_offer,
    queue,
    submit,
)


@pytest.fixture
def offer_of_two(nyc: Region, user: User) -> Offer:
    """An offer to the nearer of two partners, after a nearer one has declined."""
    for name, metres in (("Declines", 50), ("Near", 100), ("Far", 700)):
        make_partner(name, at=north(metres))
    request = submit(user)
    decline(open_offer(request))
    match(nyc)
    return open_offer(request)


@pytest.fixture
def viewer(nyc: Region) -> User:
    return make_clerk("Val", "requests_app.view_offer", "requests_app.view_cheerrequest")


def test_the_whole_decision(offer_of_two: Offer, viewer: User) -> None:
    answer = client_of(viewer).get(f"/offer/{offer_of_two.pk}/decision")
    assert answer.status_code == 200
    body = answer.json()
    near, far = body["candidates"]
    assert (near["partnerId"], near["chosen"], near["leftOut"]) == (str(offer_of_two.partner_id), True, None)
    assert (far["chosen"], far["leftOut"]) == (False, None)
    assert round(near["distanceM"]) == offer_of_two.distance_m
    assert near["travelS"] < far["travelS"]
    assert near["costS"] == pytest.approx(near["travelS"] - policy.RULES.age_credit * body["waitedS"])
    declined = Partner.objects.get(name="Declines")
    assert body["leftOut"] == [{"partnerId": str(declined.pk), "reason": "declined"}]
    assert (body["offerId"], body["by"], body["wave"]) == (str(offer_of_two.pk), "matcher", 0)
    assert (body["contending"], body["shortage"], body["capS"], body["moreLeftOut"]) == (1, 0, None, [])
    assert body["rules"]["ageCredit"] == policy.RULES.age_credit


def test_only_staff_with_the_right_may_read_it(
    offer_of_two: Offer, user_api: APIClient, outsider_api: APIClient
) -> None:
    address = f"/offer/{offer_of_two.pk}/decision"
    for api in (user_api, outsider_api, client_of(offer_of_two.partner.user), client_of(make_clerk("Hal"))):
        assert_refused(api.get(address), 403, "permission_denied")
    assert client_of(None).get(address).status_code == 401


def test_one_that_is_not_there_or_not_any_more(offer_of_two: Offer, viewer: User) -> None:
    api = client_of(viewer)
    assert_refused(api.get(f"/offer/{uuid4()}/decision"), 404, "not_found")
    Offer.objects.filter(pk=offer_of_two.pk).update(decision=None)
    assert_refused(api.get(f"/offer/{offer_of_two.pk}/decision"), 404, "not_found")


def test_the_page_of_an_offer_says_it(offer_of_two: Offer, viewer: User) -> None:
    desk: Client = desk_of(viewer)
    page = desk.get(page_of(offer_of_two)).content.decode()
    for said in (
        "By the matcher",
        "Near</a>: chosen (100 m",
        "Far</a>: not chosen (",
        "Declines</a>: left out, declined",
    ):
        assert said in page
    Offer.objects.filter(pk=offer_of_two.pk).update(decision=None)
    assert desk.get(page_of(offer_of_two)).status_code == 200


def test_the_page_of_a_request_tells_the_looks(nyc: Region, user: User, viewer: User) -> None:
    request: CheerRequest = queue(user)
    match(nyc)
    page = desk_of(viewer).get(page_of(request)).content.decode()
    assert "Looks without an offer" in page
    assert "Nobody near" in page
