"""The support view on an account's page in the admin: read-only, by right and region, without the PIN."""

from typing import Any

from django.test import Client

from accounts.models import Partner, User
from backoffice.models import LOOKED, StaffAction
from backoffice.tests.desk import desk_of, page_of
from regions.models import Region
from requests_app.admin.seen import WITHHELD
from requests_app.models import CheerRequest, Offer
from rides.models import Ride
from tests.cast import client_of, make_clerk
from tests.other_regions import limited_to

RIGHTS = (
    "accounts.view_user",
    "payments.view_payment",
    "requests_app.view_cheerrequest",
    "requests_app.view_offer",
    "rides.view_ride",
)


def seen(desk: Client, account: User) -> dict[str, str]:
    """The tables on the page of an account, as texts by their titles."""
    parts: list[dict[str, Any]] = desk.get(page_of(account)).context["seen"]
    return {part["title"]: " ".join(str(cell) for row in part["table"]["rows"] for cell in row) for part in parts}


def test_the_open_request_of_a_user_and_the_offer_of_a_partner(staff: User, offer: Offer, partner: Partner) -> None:
    request = offer.request
    assert str(request.pk) in seen(desk_of(staff), request.user)["Their page now"]
    assert str(offer.pk) in seen(desk_of(staff), partner.user)["Their page now"]


def test_the_ride_as_both_sides_see_it_without_the_pin(staff: User, ride: Ride) -> None:
    told = client_of(ride.user).get(f"/ride/{ride.pk}").json()
    user, partner = seen(desk_of(staff), ride.user), seen(desk_of(staff), ride.partner.user)
    for text in (user["Their page now"], partner["Their page now"]):
        assert str(ride.pk) in text
        assert f"&quot;{told['pin']}&quot;" not in text
    assert told["pin"]
    assert WITHHELD in user["Their page now"]
    assert "Ride" in user["Their history"]


def test_the_wallet_and_the_history(staff: User, completed: Ride) -> None:
    payment = completed.payments.get()
    tables = seen(desk_of(staff), completed.user)
    assert str(completed.pk) in tables["Their history"]
    assert page_of(payment) in tables["Their wallet"] or payment.status == "paid"
    assert "Served" in seen(desk_of(staff), completed.partner.user)["Their history"]


def test_by_right_and_region(ride: Ride, nyc: Region, boston: Region) -> None:
    viewer, all_rights = make_clerk("Val", "accounts.view_user"), make_clerk("Vic", *RIGHTS)
    assert seen(desk_of(viewer), ride.user) == {}
    assert seen(desk_of(all_rights), ride.user)
    CheerRequest.objects.filter(pk=ride.request_id).update(region=boston)
    here = limited_to(all_rights, nyc)
    Partner.objects.filter(pk=ride.partner_id).update(region=nyc)
    assert seen(desk_of(here), ride.partner.user) == {}


def test_looking_is_recorded(staff: User, user: User) -> None:
    desk_of(staff).get(page_of(user))
    assert StaffAction.objects.filter(action=LOOKED, subject=str(user.pk), actor=staff).exists()
