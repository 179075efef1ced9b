"""Accounts, tokens and applications in the admin."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

import positions
from accounts.models import Partner, Role, SocketTicket, User
from accounts.socket_tickets import issue_socket_ticket
from accounts.states import PartnerStatus
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from notifications import events
from tests.cast import PASSWORD, client_of, fresh, make_clerk, token_of, unchanged


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


CLERKS_RIGHTS = (
    "accounts.add_user",
    "accounts.change_user",
    "accounts.view_user",
    "knox.change_authtoken",
    "accounts.remove_second_factor",
    "auth.view_group",
    "auth.change_group",
)


@pytest.fixture
def clerk(nyc: object) -> User:
    """Staff who may manage accounts, but not everything."""
    return make_clerk("Clerk", *CLERKS_RIGHTS)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the sockets were told to close."""
    orders: list[dict[str, Any]] = []

    def close(**order: Any) -> None:
        orders.append(order)

    monkeypatch.setattr("accounts.sign_out.close_sockets", close)
    return orders


# ---------------------------------------------------------------- making accounts

NEW = {
    "email": "Nina@Cast.test",
    "name": "Nina",
}


def test_a_new_user(desk: Client) -> None:
    response = desk.post(url_of(User, "add"), NEW)
    assert response.status_code == 302
    made = User.objects.get(email="nina@cast.test")
    assert (made.role, made.is_staff, made.is_superuser) == (Role.USER, False, False)
    assert not made.has_usable_password()


def test_new_staff(desk: Client) -> None:
    desk.post(url_of(User, "add"), {**NEW, "staff": "on"})
    made = User.objects.get(email="nina@cast.test")
    assert (made.role, made.is_staff, made.is_superuser) == (Role.STAFF, True, False)


def test_only_superusers_make_staff(clerk: User) -> None:
    client = desk_of(clerk)
    assert "staff" not in client.get(url_of(User, "add")).content.decode().split("id_email")[1].split("</form>")[0]
    client.post(url_of(User, "add"), {**NEW, "staff": "on", "is_superuser": "on", "role": "staff", "is_staff": "on"})
    made = User.objects.get(email="nina@cast.test")
    assert (made.role, made.is_staff, made.is_superuser) == (Role.USER, False, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "ADA@cast.test"), ("email", "nonsense"), ("name", "x" * 81)],
)
def test_an_account_that_can_not_be(desk: Client, user: User, field: str, value: str) -> None:
    with unchanged():
        page = desk.post(url_of(User, "add"), {**NEW, field: value})
        assert field in page.context["adminform"].form.errors


# ---------------------------------------------------------------- changing accounts


@pytest.mark.parametrize("who", ["user", "partner", "staff"])
def test_nothing_but_the_name_can_be_changed(desk: Client, who: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(who)
    account = found.user if isinstance(found, Partner) else found
    before = User.objects.filter(pk=account.pk).values().get()
    forged = {
        "name": "New Name",
        "role": "staff",
        "is_staff": "on" if who != "staff" else "",
        "is_superuser": "on" if who != "staff" else "",
        "every_region": "on" if who == "staff" else "",
        "is_active": "",
        "email": "x@y.z",
        "password": "x",
    }
    assert desk.post(page_of(account), forged).status_code == 302
    after = User.objects.filter(pk=account.pk).values().get()
    assert after == {**before, "name": "New Name"}


def test_superusers_give_rights_to_staff(desk: Client, clerk: User) -> None:
    group = Group.objects.create(name="Night shift")
    desk.post(page_of(clerk), {"name": "Clerk", "is_superuser": "on", "groups": [str(group.pk)]})
    clerk = fresh(clerk)
    assert clerk.is_superuser
    assert list(clerk.groups.all()) == [group]


def test_clerks_give_no_rights(clerk: User, user: User) -> None:
    other = make_clerk("Other")
    group = Group.objects.create(name="Night shift")
    client = desk_of(clerk)
    for account in (clerk, other, user):
        client.post(page_of(account), {"name": "x", "is_superuser": "on", "groups": [str(group.pk)]})
        assert not fresh(account).is_superuser
        assert not fresh(account).groups.exists()
    assert client.get(url_of(Group, "changelist")).status_code == 403


def test_clerks_can_not_touch_a_superuser(clerk: User, staff: User) -> None:
    client = desk_of(clerk)
    token_of(staff)
    with unchanged():
        assert client.post(page_of(staff), {"name": "x"}).status_code == 403
        for step in ("deactivate", "revoke", "send_link"):
            assert len(refusals(take(client, staff, step))) == 1
        assert len(refusals(take_selected(client, [AuthToken.objects.get()], "revoke"))) == 1
    assert AuthToken.objects.count() == 1


def test_accounts_are_not_deleted(desk: Client, user: User) -> None:
    with unchanged():
        assert desk.post(url_of(User, "delete", user.pk), {"post": "yes"}).status_code == 403


# ---------------------------------------------------------------- deactivating


def test_deactivate(desk: Client, user: User, closed: list[Any]) -> None:
    api, browser = client_of(user), desk_of(user, confirmed=False)
    issue_socket_ticket(user, now=timezone.now())
    assert told(take(desk, user, "deactivate", reason="fraud")) == [("success", "Deactivate: done.")]
    assert not fresh(user).is_active
    assert not AuthToken.objects.filter(user=user).exists()
    assert not SocketTicket.objects.exists()
    assert api.get("/me").status_code == 401
    assert browser.get("/me").status_code in (401, 403)
    assert client_of(None).post("/login", {"email": user.email, "password": PASSWORD}).status_code == 401
    assert closed == [{"code": 4401, "user": str(user.pk)}]


def test_and_activate_again(desk: Client, user: User) -> None:
    take(desk, user, "deactivate")
    with unchanged():
        assert len(refusals(take(desk, user, "deactivate"))) == 1
    take(desk, user, "activate")
    assert fresh(user).is_active
    with unchanged():
        assert len(refusals(take(desk, user, "activate"))) == 1


def test_a_free_partner_goes_offline_with_their_account(desk: Client, partner: Partner) -> None:
    take(desk, partner.user, "deactivate")
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert positions.searchable("nyc") == (set(), set())


@pytest.mark.parametrize("scene", ["offer", "ride", "running"])
def test_a_partner_at_work_is_released_first(
    desk: Client, partner: Partner, scene: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(scene)
    with unchanged():
        assert "release them first" in refusals(take(desk, partner.user, "deactivate"))[0]


def test_nobody_deactivates_themselves(desk: Client, staff: User) -> None:
    with unchanged():
        assert len(refusals(take(desk, staff, "deactivate"))) == 1


def test_deactivate_selected(desk: Client, user: User, other_user: User, staff: User) -> None:
    response = take_selected(desk, [user, other_user, staff], "deactivate")
    assert ("success", "Deactivate: done for 2.") in told(response)
    assert len(refusals(response)) == 1
    assert User.objects.filter(is_active=True).get() == staff


# ---------------------------------------------------------------- tokens and second factors


def test_revoke_one_token(desk: Client, user: User, closed: list[Any]) -> None:
    api, other = client_of(user), client_of(user)
    token = AuthToken.objects.order_by("created")[0]
    page = desk.get(page_of(token))
    assert token.token_key not in page.content.decode()
    assert told(take(desk, token, "revoke")) == [("success", "Revoke: done.")]
    assert api.get("/me").status_code == 401
    assert other.get("/me").status_code == 200
    assert closed == [{"code": 4401, "credential": f"token:{token.pk[:32]}"}]


def test_revoke_a_token_that_is_gone(desk: Client, user: User) -> None:
    token_of(user)
    token = AuthToken.objects.get()
    take(desk, token, "revoke")
    response = desk.post(url_of(AuthToken, "revoke", token.pk), {"_form_submitted": "on"}, follow=True)
    assert refusals(response) == ["This row is not there."]


def test_revoke_selected_tokens(desk: Client, user: User, other_user: User) -> None:
    for account in (user, user, other_user):
        token_of(account)
    take_selected(desk, list(AuthToken.objects.filter(user=user)), "revoke")
    assert AuthToken.objects.get().user == other_user


def test_revoke_all_of_an_account(desk: Client, user: User, closed: list[Any]) -> None:
    token_of(user)
    token_of(user)
    assert told(take(desk, user, "revoke")) == [
        ("success", "2 tokens revoked, all sessions ended, and all sockets closed.")
    ]
    assert not AuthToken.objects.exists()
    assert closed == [{"code": 4401, "user": str(user.pk)}]


def test_tokens_are_not_made_by_hand(desk: Client, user: User) -> None:
    assert desk.post(url_of(AuthToken, "add"), {"user": str(user.pk)}).status_code == 403
    assert not AuthToken.objects.exists()


def test_a_second_factor_is_removed_but_never_shown(desk: Client, user: User) -> None:
    factor = Authenticator.objects.create(user=user, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    for address in (page_of(factor), url_of(Authenticator, "changelist")):
        assert "JBSWY3DPEHPK3PXP" not in desk.get(address).content.decode()
    take(desk, factor, "remove", reason="lost phone")
    assert not Authenticator.objects.filter(user=user).exists()


def test_what_staff_do_is_logged_without_a_trace_in_the_log(
    desk: Client, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    take(desk, user, "deactivate", reason="fraud")
    page = desk.get("/admin/admin/logentry/")
    assert "Deactivate: fraud" in page.content.decode()
    assert user.email not in caplog.text


def test_sockets_of_an_account_close(desk: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: list[str] = []
    monkeypatch.setattr(events, "_publish", pushed.append)
    take(desk, user, "revoke")
    assert any(str(user.pk) in message and "4401" in message for message in pushed)
