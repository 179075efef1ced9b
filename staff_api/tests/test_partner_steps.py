"""`POST /staffApi/partner/{partnerId}/…`, and with many."""

from typing import Any

import pytest

from accounts.models import Partner
from backoffice.models import StaffAction
from regions.models import Region
from requests_app.models import Offer
from staff_api.tests.scenes import VIEWER, desk_api, make_desk
from tests.cast import assert_refused, fresh, make_applicant, make_partner, unchanged

STEPS = ("approve", "reject", "suspend", "release")


def path(row: Partner, step: str) -> str:
    return f"/staffApi/partner/{row.pk}/{step}"


def fitting(step: str) -> Partner:
    """A partner with whom this step can be taken."""
    return make_partner("Pia") if step in ("suspend", "release") else make_applicant("Ann")


@pytest.mark.parametrize(
    ("step", "field", "value"),
    [
        ("approve", "application", "approved"),
        ("reject", "application", "rejected"),
        ("suspend", "application", "suspended"),
        ("release", "status", "offline"),
    ],
)
def test_steps(nyc: Region, step: str, field: str, value: str) -> None:
    partner, (clerk, api) = fitting(step), make_desk()
    answer = api.post(path(partner, step), {"reason": "Rang"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["partnerId"], answer.json()[field]) == (str(partner.pk), value)
    assert getattr(fresh(partner), field) == value
    action = StaffAction.objects.get()
    assert (action.actor, action.action, action.channel, action.reason) == (clerk, step, "api", "Rang")
    with unchanged():
        again = api.post(path(partner, step), {"reason": "Rang"}, headers={"Idempotency-Key": "k"})
    assert again.json() == answer.json()
    with unchanged():
        assert api.post(path(partner, step), {"reason": "Rang"}).status_code == 409


@pytest.mark.parametrize("step", STEPS)
def test_only_with_the_right(nyc: Region, user_api: Any, step: str) -> None:
    partner, api = fitting(step), desk_api(rights=VIEWER)
    with unchanged():
        for who in (api, user_api):
            assert_refused(who.post(path(partner, step)), 403, "permission_denied")


@pytest.mark.parametrize("step", STEPS)
def test_one_of_another_region_is_not_there(boston: Region, step: str) -> None:
    partner, api = fitting(step), desk_api(boston)
    with unchanged():
        assert_refused(api.post(path(partner, step)), 404, "not_found")


def test_nobody_with_an_offer_is_suspended_but_they_are_released(offer: Offer) -> None:
    api = desk_api()
    with unchanged():
        assert_refused(api.post(path(offer.partner, "suspend")), 409, "partner_at_work")
    assert api.post(path(offer.partner, "release")).json()["status"] == "offline"
    assert fresh(offer).status == "rescinded"


def test_many(nyc: Region) -> None:
    new, working = make_applicant("Ann"), make_partner("Pia")
    said = {"partnerIds": [str(new.pk), str(working.pk)], "reason": "Met"}
    outcomes = desk_api().post("/staffApi/partner/approve", said).json()["outcomes"]
    assert [(each["outcome"], each["code"]) for each in outcomes] == [("done", None), ("refused", "wrong_state")]
