"""Which page opens for whom."""

from uuid import uuid4

import pytest

from accounts.models import Partner, User
from requests_app.models import CheerRequest
from tests.cast import make_applicant, make_clerk
from web.tests.browse import SIGN_IN, browser_of

pytestmark = pytest.mark.django_db

# page → what visitor, user, partner and staff get: a status, or where they are sent
PAGES: dict[str, tuple[int | str, int | str, int | str, int | str]] = {
    "/": (200, 200, "/partner", "/staff/"),
    "/history": (SIGN_IN, 200, 200, 403),
    "/partner": (SIGN_IN, "/become-a-partner", 200, 403),
    "/partner/earnings": (SIGN_IN, 403, 200, 403),
    "/become-a-partner": (SIGN_IN, 200, "/partner", "/staff/"),
    "/staff/": (SIGN_IN, 403, 403, 200),
}
CASES = [
    (path, who, wanted)
    for path, row in PAGES.items()
    for who, wanted in zip(("nobody", "user", "partner", "staff"), row, strict=True)
]


@pytest.fixture
def people(user: User, partner: Partner, staff: User) -> dict[str, User | None]:
    return {"nobody": None, "user": user, "partner": partner.user, "staff": staff}


@pytest.mark.parametrize(("path", "who", "wanted"), CASES)
def test_pages(people: dict[str, User | None], path: str, who: str, wanted: int | str) -> None:
    answer = browser_of(people[who]).get(path)
    if isinstance(wanted, int):
        assert answer.status_code == wanted
    else:
        assert answer.status_code == 302
        assert answer["Location"].partition("?")[0] == wanted


def test_the_sign_in_comes_back_to_the_page(nyc: object) -> None:
    assert browser_of(None).get("/history")["Location"] == f"{SIGN_IN}?next=/history"


@pytest.mark.parametrize("path", PAGES)
def test_pages_only_read(people: dict[str, User | None], path: str) -> None:
    for who in people.values():
        answer = browser_of(who).post(path)
        assert answer.status_code == 405, who


def test_a_cheer_is_its_users_alone(
    pending: CheerRequest, user: User, outsider: User, partner: Partner, staff: User
) -> None:
    path = f"/cheer/{pending.pk}"
    assert browser_of(user).get(path).status_code == 200
    assert browser_of(outsider).get(path).status_code == 404
    assert browser_of(partner.user).get(path).status_code == 404
    assert browser_of(staff).get(path).status_code == 403
    assert browser_of(None).get(path)["Location"] == f"{SIGN_IN}?next={path}"
    assert browser_of(user).get(f"/cheer/{uuid4()}").status_code == 404


def test_the_staff_page_needs_no_right_to_the_admin(nyc: object) -> None:
    clerk = make_clerk("Carl", "accounts.view_staff_page")
    clerk.is_staff = False
    clerk.save()
    assert browser_of(clerk).get("/staff/").status_code == 200


def test_an_applicant_waits(nyc: object) -> None:
    applicant = make_applicant("Nora")
    assert browser_of(applicant.user).get("/")["Location"] == "/partner"
    assert "reviewing your application" in browser_of(applicant.user).get("/partner").content.decode()


def test_pages_of_an_account_are_not_kept_by_caches(user: User) -> None:
    for path in ("/", "/history", "/become-a-partner"):
        assert "no-store" in browser_of(user).get(path)["Cache-Control"]
