"""Rows about people do not name them in logs and errors."""

import pytest

from accounts.models import Partner, User

pytestmark = pytest.mark.django_db


def test_an_account_in_a_log_line_is_its_id(user: User) -> None:
    assert (str(user), repr(user)) == (str(user.pk), f"<User: {user.pk}>")


def test_a_partner_in_a_log_line_is_their_id(partner: Partner) -> None:
    assert (str(partner), repr(partner)) == (str(partner.pk), f"<Partner: {partner.pk}>")
