"""The page of a partner's own week."""

from accounts.models import Partner, User
from insights.pages.usual import forget_usual
from tests.cast import make_applicant
from web.tests.browse import browser_of, data_of, text_of


def test_a_week_of_which_little_is_known(partner: Partner) -> None:
    forget_usual()
    answer = browser_of(partner.user).get("/partner/week")
    assert answer.status_code == 200
    assert "Not known yet" in text_of(answer)
    assert data_of(answer)["cells"] == []


def test_an_applicant_has_no_region(nyc: object) -> None:
    assert browser_of(make_applicant("Nora").user).get("/partner/week").status_code == 200


def test_only_partners(user: User, staff: User) -> None:
    for who in (user, staff):
        assert browser_of(who).get("/partner/week").status_code == 403
