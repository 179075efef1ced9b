"""`GET /me`."""

from rest_framework.test import APIClient

from accounts.models import Partner, User
from tests.cast import assert_refused, client_of, make_applicant, north


def test_a_user(user_api: APIClient, user: User) -> None:
    assert user_api.get("/me").json() == {
        "userId": str(user.pk),
        "email": "ada@cast.test",
        "name": "Ada",
        "role": "user",
        "partner": None,
    }


def test_a_partner(partner_api: APIClient, partner: Partner) -> None:
    body = partner_api.get("/me").json()
    place = body["partner"].pop("currentLocation")
    assert abs(place["lat"] - north(500)[0]) < 1e-6
    assert abs(place["lng"] - north(500)[1]) < 1e-6
    assert body["role"] == "partner"
    assert body["partner"] == {
        "partnerId": str(partner.pk),
        "name": "Pia",
        "type": "cheerleader",
        "phone": "+1 212 555 0100",
        "status": "available",
        "region": "nyc",
        "rating": None,
        "application": "approved",
    }


def test_an_applicant(nyc: object) -> None:
    partner = make_applicant("Ann")
    body = client_of(partner.user).get("/me").json()
    assert body["partner"]["application"] == "applied"
    assert body["partner"]["status"] == "offline"
    assert body["partner"]["currentLocation"] is None
    assert body["partner"]["region"] is None


def test_staff(staff_api: APIClient) -> None:
    assert staff_api.get("/me").json()["role"] == "staff"


def test_without_a_token(anonymous: APIClient) -> None:
    response = anonymous.get("/me")
    assert_refused(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_session_reads_but_writes_only_with_csrf(user: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/me").json()["email"] == user.email
    assert_refused(client.post("/socketTicket"), 403, "permission_denied")
    client.cookies["csrftoken"] = token = "a" * 32
    assert client.post("/socketTicket", HTTP_X_CSRFTOKEN=token).status_code == 201
