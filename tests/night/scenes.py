"""The acts of the night, in the order in which they happen. Each leaves the city as the next one finds it."""

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from alerts.models import Alert
from alerts.notices import SIGNATURE
from alerts.states import AlertStatus, Channel, Told
from backoffice.models import StaffAction
from payments.models import Payment
from payments.states import PaymentStatus
from regions.models import Policy, Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from rides.models import Ride
from testbed.processes import wait_until
from tests.cast import EMPIRE_STATE, Place, north
from tests.night.cast import Browser, LivePage, Partner, User, all_of_them, save_cards
from tests.night.people import NAMED
from tests.night.program import MAILBOX, WEBHOOK_SECRET, Program

ALERT_WITHIN = timedelta(seconds=30)
PATIENCE_TONIGHT_S = 600
DONE_BEFORE_IT_DIES = 5  # of the requests that are requeued together
SOON_S, LONG_S = 30.0, 120.0  # bounds on waiting for what comes anyway
NO_PARTNERS = "RequestsWithoutPartners"


class Night:
    """New York's night, with somebody of Boston who looks on."""

    def __init__(self, program: Program) -> None:
        self.program = program
        people = program.people()
        self.users = [User(program.url, **each) for each in people["users"]]
        self.ada, self.bob, self.carla, *self.many = self.users
        self.partners = [Partner(program.url, **each) for each in people["partners"]]
        save_cards(self.users, program.url, program.provider)
        self.nora, self.bo = (Browser(program.url, each["email"], each["secret"]) for each in people["staff"])
        self.screens = {name: Browser(program.url, self.users[n].email) for n, name in enumerate(NAMED)}
        self.page, self.page_of_boston = LivePage(self.nora), LivePage(self.bo)

    def end(self) -> None:
        """Close every connection, whatever has happened."""
        for partner in self.partners:
            partner.leave()
        for page in (self.page, self.page_of_boston):
            page.close()
        for each in (*self.users, *self.partners, *self.screens.values(), self.nora, self.bo):
            each.http.close()

    @property
    def waiting(self) -> list[User]:
        """Those who ask after the partners have gone."""
        return [self.bob, self.carla, *self.many]

    # ------------------------------------------------------------ 21:50

    def the_evening_is_quiet(self) -> None:
        """Partners are at work, and Ada gets her cheer, for which she pays."""
        for number, partner in enumerate(self.partners):
            partner.come_to_work(north(100 * (number + 1)))
        self.ada.ask(EMPIRE_STATE)
        wait_until(lambda: _are([self.ada], RequestStatus.COMPLETED), SOON_S, "Ada is cheered")
        wait_until(lambda: _payment_of(self.ada).status == PaymentStatus.PAID, SOON_S, "Ada pays")

    # ------------------------------------------------------------ 22:00

    def the_region_loses_its_partners(self) -> None:
        """All go home, and forty-two people ask."""
        for partner in self.partners:
            partner.go_home()
        all_of_them(User.ask, self.waiting, [_place(number) for number in range(len(self.waiting))])

    def the_alert_reaches_a_mailbox_and_a_webhook(self) -> None:
        """Both are told within 30 s of the moment from which somebody has waited for nobody."""
        since: datetime = min(_requests(self.waiting).values_list("created_at", flat=True))
        [alert] = wait_until(lambda: Alert.objects.filter(rule=NO_PARTNERS), SOON_S, "the alert fires")
        mail = wait_until(lambda: self._mail_about(alert), SOON_S, "the mailbox is told")
        told, call = wait_until(lambda: self._call_about(alert), SOON_S, "the webhook is told")
        assert f"{NO_PARTNERS} (nyc)" in mail.text
        assert (told["rule"], told["scope"], told["severity"]) == (NO_PARTNERS, "nyc", "page")
        _is_signed(*call)
        sent = wait_until(lambda: _sent_about(alert), SOON_S, "both are noted as sent")
        assert max(sent) - since <= ALERT_WITHIN

    def _mail_about(self, alert: Alert) -> Any:
        return next((m for m in self.program.mails.received if m.to == (MAILBOX,) and str(alert.pk) in m.text), None)

    def _call_about(self, alert: Alert) -> Any:
        calls = ((json.loads(call[1]), call) for call in list(self.program.hooks))
        return next((found for found in calls if found[0]["alertId"] == str(alert.pk)), None)

    def nora_takes_it_on(self) -> None:
        """The dispatcher acknowledges the alert, so nobody else is woken."""
        alert = Alert.objects.get(rule=NO_PARTNERS)
        assert NO_PARTNERS in self.nora.text("/admin/alerts/alert/")
        self.nora.send(f"/admin/alerts/alert/{alert.pk}/acknowledge/", _form_submitted="on", reason="I call them in")
        alert.refresh_from_db()
        assert alert.status == AlertStatus.ACKNOWLEDGED

    def the_requests_die(self) -> None:
        """Nobody comes in time: each request becomes a dead letter, staff are alerted, and the users' pages say so."""
        wait_until(lambda: _are(self.waiting, RequestStatus.NO_MATCH), LONG_S, "all are dead letters")
        wait_until(lambda: self._counted("deadLetters") == len(self.waiting), SOON_S, "the live page counts them")
        wait_until(lambda: Alert.objects.filter(rule="RequestsDie"), SOON_S, "that is an alert, too")
        for name, user in (("Bob", self.bob), ("Carla", self.carla)):
            seen = self.screens[name].data(f"/cheer/{user.request}")["request"]
            assert (seen["status"], seen["reason"]) == ("no_match", "no_partner_nearby")

    def _counted(self, what: str) -> int | None:
        """The last figure of the region on the live page."""
        counted = [
            each["counts"][what] for each in self.page.frames if each["type"] == "now" and each["region"] == "nyc"
        ]
        return counted[-1] if counted else None

    # ------------------------------------------------------------ 22:30

    def boston_sees_nothing_of_it(self) -> None:
        """To the dispatcher of another region there is no request, no payment and no alert, and no step is taken."""
        before = StaffAction.objects.count()
        for thing in ("request", "deadLetter", "attempt", "offer", "partner", "ride", "payment"):
            assert self.bo.list(f"/staffApi/{thing}") == [], thing
        ids = [str(user.request) for user in self.many]
        answer = self.bo.post("/staffApi/deadLetter/requeue", {"requestIds": ids, "reason": "Let me"})
        assert [each["code"] for each in answer.json()["outcomes"]] == ["not_found"] * len(ids)
        _asked_again(self.bo, self.page_of_boston)
        assert self.bo.post(f"/staffApi/payment/{_payment_of(self.ada).pk}/refund", {}).status_code == 404
        assert NO_PARTNERS not in self.bo.text("/admin/alerts/alert/")
        assert _are(self.waiting, RequestStatus.NO_MATCH)
        assert StaffAction.objects.count() == before

    def nora_gives_the_region_more_patience(self) -> None:
        """The rest of the night, a partner is looked for much longer."""
        said = {"reason": "Short of partners tonight", "patience_s": str(PATIENCE_TONIGHT_S), "cap_lone": "unknown"}
        nyc = Region.objects.get(slug="nyc")
        self.nora.send("/admin/regions/policy/add/", region=str(nyc.pk), **said)
        assert Policy.objects.get(region=nyc).patience_s == PATIENCE_TONIGHT_S

    # ------------------------------------------------------------ 23:00

    def a_partner_is_asked_for_bob(self) -> None:
        """One has come back. Nora has Bob's request offered to them, and they accept."""
        self._with(self.bob, self.partners[0], "direct", "Agreed on the phone")

    def a_partner_is_sent_to_carla(self) -> None:
        """Another one is assigned, and goes unasked. Nora is asked once more who she is before she may do that."""
        body = {"partnerId": self.partners[1].partner_id, "reason": "At once"}
        refused = self.nora.post(f"/staffApi/deadLetter/{self.carla.request}/assign", body)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "reauthentication_required")
        _asked_again(self.nora, self.page)
        self._with(self.carla, self.partners[1], "assign", "She has waited longest")

    def _with(self, user: User, partner: Partner, step: str, reason: str) -> None:
        partner.come_to_work(EMPIRE_STATE)
        body = {"partnerId": partner.partner_id, "reason": reason}
        answer = self.nora.post(f"/staffApi/deadLetter/{user.request}/{step}", body, key=str(uuid4()))
        assert answer.status_code == 200, answer.text
        wait_until(lambda: _are([user], RequestStatus.COMPLETED), SOON_S, f"{user.name} is cheered")
        partner.go_home()

    def ada_is_given_her_money_back(self) -> None:
        """Nora refunds what the evening has cost."""
        answer = self.nora.post(f"/staffApi/payment/{_payment_of(self.ada).pk}/refund", {"reason": "Too quiet"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["waitsForApproval"] is False
        wait_until(lambda: _payment_of(self.ada).status == PaymentStatus.REFUNDED, SOON_S, "Ada's card is paid back")

    # ------------------------------------------------------------ 23:30

    def postgres_restarts_while_forty_are_requeued(self) -> None:
        """The call is cut off in the middle. Repeated with its key, it does the rest and nothing twice.

        The live page stays open meanwhile, and says since when it knows nothing new.
        """
        body = {"requestIds": [str(user.request) for user in self.many], "reason": "Partners are coming"}
        key, begun = str(uuid4()), StaffAction.objects.count()
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.nora.post, "/staffApi/deadLetter/requeue", body, key)
            enough = begun + DONE_BEFORE_IT_DIES
            wait_until(lambda: StaffAction.objects.count() >= enough, SOON_S, "some are requeued")
            self.program.postgres_dies()
            assert call.result().status_code == 503
        self.the_page_goes_on_without_a_database()
        assert begun < StaffAction.objects.count() < begun + len(self.many)
        answer = wait_until(lambda: self._answered(body, key), SOON_S, "the call is answered")
        outcomes = answer.json()["outcomes"]
        assert [(each["id"], each["outcome"]) for each in outcomes] == [(pk, "done") for pk in body["requestIds"]]
        assert StaffAction.objects.count() == begun + len(self.many)

    def _answered(self, body: dict[str, Any], key: str) -> Any:
        answer = self.nora.post("/staffApi/deadLetter/requeue", body, key)
        return answer if answer.status_code == 200 else None

    def the_page_goes_on_without_a_database(self) -> None:
        """The same socket tells that the database is away, and of its return."""
        away = self.page.next(
            "health", lambda f: f["parts"]["database"][0] == "down", SOON_S, "the page says it is away"
        )
        tick = self.page.next("tick", lambda f: True, SOON_S, "the page goes on")
        assert tick["countedAt"] < tick["at"], away
        self.program.postgres_returns()
        self.page.next("tick", lambda f: f["countedAt"] > tick["at"], SOON_S, "the page counts again")
        self.page.next("tick", lambda f: True, SOON_S, "the page goes on")
        assert self.page.is_open

    # ------------------------------------------------------------ 0:30

    def the_partners_come_back(self) -> None:
        """All are at work again, and serve those who wait."""
        for number, partner in enumerate(self.partners):
            partner.come_to_work(north(100 * (number + 1)))
        wait_until(lambda: _are(self.many, RequestStatus.COMPLETED), LONG_S, "everybody is cheered")
        for partner in self.partners:
            partner.go_home()
        paid = Payment.objects.filter(status=PaymentStatus.PAID)
        wait_until(lambda: paid.count() == len(self.waiting), LONG_S, "everybody has paid")


# ---------------------------------------------------------------- how it stands


def _asked_again(whom: Browser, page: LivePage) -> None:
    """A member of staff confirms who they are. Their session gets a new key, and their page reconnects."""
    whom.confirm()
    page.open()


def _requests(users: list[User]) -> Any:
    return CheerRequest.objects.filter(pk__in=[user.request for user in users])


def _are(users: list[User], status: RequestStatus) -> bool:
    """Whether the requests of all of these users have this status."""
    return bool(_requests(users).filter(status=status).count() == len(users))


def _payment_of(user: User) -> Payment:
    return Payment.objects.get(ride=ride_of(user.request))


def ride_of(request: UUID | None) -> Ride:
    """The ride that served a request."""
    return Ride.objects.get(request=request)


def _sent_about(alert: Alert) -> list[datetime]:
    """When the mail and the webhook were sent, if both were."""
    sent = [notice.sent_at for notice in alert.notices.filter(told=Told.FIRED) if notice.sent_at is not None]
    return sent if len(sent) == len((Channel.MAIL, Channel.WEBHOOK)) else []


def _place(number: int) -> Place:
    return north(20 * number)


def _is_signed(headers: dict[str, str], body: bytes) -> None:
    at, digest = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    assert digest == hmac.new(WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
