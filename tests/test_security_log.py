"""The security log tells what happens to accounts and rights, and nothing that identifies a person."""

import json
import logging
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.http import HttpResponse
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from accounts.models import Partner, User
from accounts.socket_auth import admit
from api.security_log import LINES_MAX, SecurityLogMiddleware, forget_refusals
from backoffice.tests.desk import desk_of, take
from core.log_lines import BoundedStream, JsonLines, PrivateFile
from core.security_log import pseudonym, record
from rides.models import Ride
from tests.cast import EMPIRE_STATE, PASSWORD, assert_refused, client_of, make_clerk, with_factor
from tests.fixtures import run_commit_hooks
from web.models import DataExport
from web.privacy.making import make_export
from web.tests.browse import browser_of, by_password

pytestmark = pytest.mark.django_db
ADDRESS = "203.0.113.77"
WRONG = "wrong-Password-1"


class Lines(logging.Handler):
    """The lines that are written, as they would be in the file."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of an event, in order."""
        run_commit_hooks()
        return [line for line in map(json.loads, self.texts) if line["event"] == event]

    def one(self, event: str) -> dict[str, Any]:
        """The only line of an event."""
        (line,) = self.of(event)
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, logger = Lines(), logging.getLogger("security")
    logger.addHandler(handler)
    forget_refusals()
    yield handler
    logger.removeHandler(handler)


# ---------------------------------------------------------------- signing in


def test_a_failed_sign_in_leaves_a_line(user: User, lines: Lines) -> None:
    client_of(None).post("/login", {"email": user.email, "password": WRONG}, REMOTE_ADDR=ADDRESS)
    line = lines.one("password")
    assert line["time"].startswith("20")
    assert {name: line[name] for name in ("outcome", "account", "address", "route", "method")} == {
        "outcome": "failed",
        "account": pseudonym(user.pk),
        "address": pseudonym(ADDRESS),
        "route": "login",
        "method": "POST",
    }


def test_a_guess_at_nobody_leaves_a_line_without_an_account(lines: Lines, nyc: object) -> None:
    client_of(None).post("/login", {"email": "nobody@cast.test", "password": WRONG})
    assert lines.one("password")["account"] == ""


def test_a_sign_in_leaves_a_line(user: User, lines: Lines) -> None:
    client_of(None).post("/login", {"email": user.email, "password": PASSWORD})
    assert (lines.one("sign_in")["kind"], lines.one("sign_in")["outcome"]) == ("token", "ok")
    assert lines.one("sign_in")["account"] == pseudonym(user.pk)


def test_sessions_begin_and_end_with_a_line(user: User, lines: Lines) -> None:
    browser = by_password(user)
    assert lines.one("sign_in")["kind"] == "session"
    browser.post("/account/logout/")
    assert lines.one("sign_out")["account"] == pseudonym(user.pk)


def test_wrong_codes_of_a_second_factor_leave_a_line(user: User, lines: Lines) -> None:
    with_factor(user, generate_totp_secret())
    credentials = {"email": user.email, "password": PASSWORD}
    client_of(None).post("/login", {**credentials, "otp": "000000"})
    browser = browser_of(None)
    browser.post("/account/login/", {"login": user.email, "password": PASSWORD})
    browser.post("/account/2fa/authenticate/", {"code": "000000"})
    assert [line["outcome"] for line in lines.of("factor_used")] == ["failed", "failed"]
    assert {line["account"] for line in lines.of("factor_used")} == {pseudonym(user.pk)}


def test_a_changed_password_leaves_lines(user: User, lines: Lines) -> None:
    new = "an-other-Password-9"
    browser = by_password(user)
    browser.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert lines.one("password_changed")["account"] == pseudonym(user.pk)
    assert lines.one("credentials_ended")["subject"] == pseudonym(user.pk)


# ---------------------------------------------------------------- refusals


def test_a_refused_role_leaves_a_line(user: User, user_api: APIClient, lines: Lines) -> None:
    assert_refused(user_api.post("/partner/status", {"status": "available"}), 403, "permission_denied")
    line = lines.one("call")
    assert (line["outcome"], line["status"], line["code"]) == ("refused", 403, "permission_denied")
    assert (line["route"], line["account"]) == ("partner/status", pseudonym(user.pk))


def test_a_dead_token_leaves_a_line_and_a_visitor_none(lines: Lines, nyc: object) -> None:
    client_of(None).get("/me")
    assert not lines.texts
    client_of(None).get("/me", headers={"Authorization": f"Bearer {'a' * 64}"})
    assert (lines.one("call")["status"], lines.one("call")["code"]) == (401, "authentication_failed")


def test_a_throttled_call_leaves_a_line(user: User, lines: Lines, settings: Any) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "account": "1/hour"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    api = client_of(user)
    assert [api.get("/me").status_code for _ in range(2)] == [200, 429]
    assert (lines.one("call")["status"], lines.one("call")["code"]) == (429, "throttled")


def test_a_page_without_its_csrf_token_leaves_a_line(user: User, lines: Lines) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user, "accounts.backends.PasswordBackend")
    assert browser.post("/account/delete").status_code == 403
    assert lines.one("call")["account"] == pseudonym(user.pk)


def test_a_flood_of_refusals_does_not_flood_the_log(user_api: APIClient, lines: Lines) -> None:
    for _ in range(LINES_MAX + 20):
        user_api.get("/metrics", REMOTE_ADDR=ADDRESS)
    assert len(lines.of("call")) == LINES_MAX
    assert len(lines.of("refusals_left_out")) == 1


def test_what_succeeds_for_users_leaves_no_line(user_api: APIClient, lines: Lines) -> None:
    assert user_api.get("/me").status_code == 200
    assert user_api.post("/socketTicket").status_code == 201
    assert not lines.texts


def test_reads_that_succeed_cost_a_comparison(rf: RequestFactory) -> None:
    request = rf.get("/me")
    request.user = None  # type: ignore[assignment]  # looking at it would fail
    request.META = {}
    assert SecurityLogMiddleware(lambda request: HttpResponse())(request).status_code == 200


def test_a_dead_token_at_a_socket_leaves_a_line(nyc: object, lines: Lines) -> None:
    scope = {"type": "websocket", "query_string": b"", "headers": [], "client": [ADDRESS, 1]}
    assert admit(scope).user is None
    assert not lines.texts
    assert admit({**scope, "headers": [(b"authorization", b"Bearer nonsense")]}).user is None
    assert (lines.one("socket")["code"], lines.one("socket")["address"]) == ("4401", pseudonym(ADDRESS))


# ---------------------------------------------------------------- staff


def test_a_change_by_staff_over_the_api_leaves_a_line(staff: User, partner: Partner, lines: Lines) -> None:
    api = client_of(staff)
    assert api.post(f"/partner/{partner.pk}/suspend", {"reason": "Called Pia names"}).status_code == 200
    line = lines.one("staff_call")
    assert (line["account"], line["outcome"]) == (pseudonym(staff.pk), "ok")
    assert (line["status"], line["route"]) == (200, "partner/<uuid:partner_id>/suspend")


def test_a_step_in_the_admin_leaves_lines(staff: User, user: User, lines: Lines) -> None:
    take(desk_of(staff), user, "deactivate", reason="Ada was rude")
    line = lines.one("step")
    assert (line["step"], line["kind"], line["subject"]) == ("deactivate", "accounts.user", pseudonym(user.pk))
    assert lines.one("admin_change")["subject"] == pseudonym(user.pk)
    assert lines.one("credentials_ended")["account"] == pseudonym(staff.pk)
    calls = {line["request"] for event in ("step", "admin_change", "credentials_ended") for line in lines.of(event)}
    assert calls == {line["request"] for line in lines.of("staff_call")}


def test_a_refused_step_leaves_a_line(nyc: object, lines: Lines) -> None:
    clerk, colleague = make_clerk("Hal", "accounts.remove_second_factor"), make_clerk("Fiona")
    take(desk_of(clerk), Authenticator.objects.get(user=colleague), "remove")
    assert (lines.one("step")["outcome"], lines.one("step")["code"]) == ("refused", "permission_denied")
    assert not lines.of("admin_change")


# ---------------------------------------------------------------- nothing that identifies a person


def test_a_whole_story_names_nobody(completed: Ride, staff: User, lines: Lines) -> None:
    """Whatever happens, the log has no address, name, token, place or other words."""
    partner, user = completed.partner, completed.user
    texts = ["Ada Secret-Name", "tell nobody of the blue door", "Called Pia names", WRONG, PASSWORD]
    visitor = client_of(None)
    visitor.post("/signup", {"email": "zoe@cast.test", "password": PASSWORD, "name": texts[0]}, REMOTE_ADDR=ADDRESS)
    visitor.post("/login", {"email": "zoe@cast.test", "password": WRONG}, REMOTE_ADDR=ADDRESS)
    signed_in = visitor.post("/login", {"email": "zoe@cast.test", "password": PASSWORD}, REMOTE_ADDR=ADDRESS).json()
    place = {"lat": EMPIRE_STATE[0], "lng": EMPIRE_STATE[1]}
    api = client_of(user)
    api.post("/cheerRequest", {"location": place, "type": "pep_talk", "note": texts[1]})
    api.post("/rideStart", {"rideId": str(completed.pk), "pin": "7777"})
    api.post(f"/partner/{partner.pk}/suspend", {"reason": texts[2]})
    api.get(f"/me?email={user.email}", headers={"Authorization": f"Bearer {signed_in['token']}x"})
    visitor.generic("ADA@CAST.TEST", "/account/data/export", REMOTE_ADDR=ADDRESS)
    client_of(staff).post(f"/partner/{partner.pk}/suspend", {"reason": texts[2]})
    take(desk_of(staff), user, "revoke")
    take(desk_of(staff), partner, "suspend", reason=texts[2])
    browser = by_password(User.objects.get(email="zoe@cast.test"))
    assert browser.post("/account/data").status_code == 302
    make_export(DataExport.objects.get().pk)
    assert browser.get("/account/data/export").status_code == 200
    browser.post("/account/email/", {"action_add": "", "email": "zoe.new@cast.test"})
    browser.post("/account/delete", {"understood": "on"})
    run_commit_hooks()
    assert {"export", "deletion", "sign_up", "staff_call", "step", "admin_change", "call", "password"} <= {
        json.loads(text)["event"] for text in lines.texts
    }
    everything = "\n".join(lines.texts)
    people = list(User.objects.all())
    secrets = [ADDRESS, "127.0.0.1", "cast.test", "CAST.TEST", "7777", "40.74", "-73.98", signed_in["token"], *texts]
    secrets += [str(person.pk) for person in people] + [person.name for person in people if person.name]
    assert not [secret for secret in [*secrets, str(partner.pk), str(completed.pk)] if secret in everything]


@pytest.mark.parametrize("words", ["two words", "ada@cast.test", "12 Main St", "a/b", "ä", object()])
def test_words_that_are_not_ours_are_withheld(words: object, lines: Lines) -> None:
    record("test", "ok", code=words, status=3)
    assert (lines.one("test")["code"], lines.one("test")["status"]) == ("?", 3)


def test_pseudonyms_hang_on_the_secret_key(settings: Any) -> None:
    before = pseudonym("203.0.113.77")
    settings.SECRET_KEY = "x" * 60
    assert pseudonym("203.0.113.77") != before


# ---------------------------------------------------------------- the files


def test_each_line_of_the_file_is_one_object_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "log" / "security.jsonl"
    handler = PrivateFile(file, delay=True)
    handler.setFormatter(JsonLines())
    for number in range(2):
        entry = logging.makeLogRecord({"msg": "x", "fields": {"event": "a\nb", "number": number}})
        handler.emit(entry)
        file.rename(file.with_suffix(f".{number}"))  # as a program that rotates logs does
    handler.close()
    assert [json.loads(file.with_suffix(f".{number}").read_text())["number"] for number in range(2)] == [0, 1]
    assert file.with_suffix(".0").stat().st_mode & 0o777 == 0o600


def test_a_foreign_host_leaves_one_line_without_its_words(nyc: object, monkeypatch: pytest.MonkeyPatch) -> None:
    console = next(handler for handler in logging.getLogger().handlers if handler.get_name() == "console")
    assert isinstance(console, BoundedStream)
    console.begin(time.time())  # a minute of its own: others have written lines of these kinds
    written = StringIO()
    monkeypatch.setattr(console, "stream", written)
    assert client_of(None).get("/me", HTTP_HOST="evil.example").status_code == 400
    line, call = written.getvalue().splitlines()
    assert "django.security.DisallowedHost: a call was refused request=" in line
    assert "api.request_log: request method=GET route= status=400" in call
    assert "evil" not in written.getvalue()
