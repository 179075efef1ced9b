"""The city of the upgrade test: people who act through the public API, and a clock that moves with every call."""

from typing import Any

from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.demo import PASSWORD
from accounts.models import Partner, User
from ops import seed as demo
from ops.sweep import sweep_deadlines
from payments.models import Payment
from regions.models import Region
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import Clock, Place, at, match, north, open_offer
from tests.settling import settle_in_cash

CALL_S = 1.0  # between two calls
AT_THE_DOOR = demo.PLACES[0]
FAR_AWAY: Place = (40.8900, -73.8600)  # in the Bronx, further than anybody is looked for


class City:
    """Everybody's clients, by the first part of their address, and the steps that stories are made of."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls = 0
        self.clients: dict[str, APIClient] = {}

    # ------------------------------------------------------------ calls

    def sign_up(self, *names: str) -> None:
        """New user accounts, `<name>@demo.test`."""
        for name in names:
            body = {"email": f"{name}@demo.test", "password": PASSWORD, "name": name.capitalize()}
            assert APIClient().post("/signup", body).status_code == 201
            self.clock.advance(CALL_S)

    def client(self, who: str) -> APIClient:
        """The client of an account, signed in by its password."""
        if who not in self.clients:
            client = APIClient()
            answer = client.post("/login", {"email": f"{who}@demo.test", "password": PASSWORD})
            assert answer.status_code == 200, answer.content
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
            self.clients[who] = client
        return self.clients[who]

    def post(self, who: str, path: str, body: Any = None, *, refused: str = "", key: str = "") -> Any:
        """Call with an `Idempotency-Key`. The answer is a success, or an error of the code `refused`."""
        self.calls += 1
        self.clock.advance(CALL_S)
        with override_settings(DEBUG=who == "staff"):  # in which the demo account needs no second factor
            client = self.client(who)
            answer = client.post(path, body or {}, headers={"Idempotency-Key": key or f"call-{self.calls:04}"})
        told = answer.json() if answer.content else {}
        codes = [error["code"] for error in told["errors"]] if answer.status_code >= 400 else []
        assert codes == ([refused] if refused else []), (path, told)
        return told

    # ------------------------------------------------------------ people

    def user(self, who: str) -> User:
        """An account's row."""
        return User.objects.get(email=f"{who}@demo.test")

    def partner(self, who: str) -> Partner:
        """A partner's row."""
        return Partner.objects.select_related("user", "region").get(user=self.user(who))

    @property
    def staff(self) -> User:
        return self.user("staff")

    @property
    def region(self) -> Region:
        return Region.objects.get(slug="nyc")

    def go_online(self, who: str, place: Place = AT_THE_DOOR) -> None:
        """A partner reports a place and is available from now on."""
        self.post(who, "/updateLocation", {"location": at(place), "accuracyM": 5})
        self.post(who, "/partner/status", {"status": "available"})

    def go_offline(self, *partners: str) -> None:
        """Partners go home."""
        for who in partners:
            self.post(who, "/partner/status", {"status": "offline"})

    # ------------------------------------------------------------ requests and rides

    def ask(self, who: str, place: Place = AT_THE_DOOR, *, type: str = "pep_talk", note: str = "") -> CheerRequest:
        """A user asks for a cheer."""
        answer = self.post(who, "/cheerRequest", {"location": at(place), "requestType": type, "note": note})
        return CheerRequest.objects.get(pk=answer["requestId"])

    def match(self) -> None:
        """Run the matcher once."""
        match(self.region)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and do what is due then."""
        self.clock.advance(seconds)
        sweep_deadlines(timezone.now())

    def asked(self, request: CheerRequest) -> tuple[str, str]:
        """The partner to whom a request is offered, and the offer's id."""
        offer = open_offer(request)
        return offer.partner.user.email.partition("@")[0], str(offer.pk)

    def accept(self, request: CheerRequest) -> Ride:
        """The partner to whom it is offered accepts."""
        who, offer_id = self.asked(request)
        return Ride.objects.get(pk=self.post(who, "/rideAccept", {"offerId": offer_id})["rideId"])

    def accepted(self, user: str, partner: str, **what: Any) -> Ride:
        """A partner goes online, a user asks, and the partner accepts."""
        self.go_online(partner)
        request = self.ask(user, **what)
        return self.accept(request)

    def start(self, partner: str, ride: Ride) -> None:
        """The partner arrives and starts the session."""
        request = CheerRequest.objects.get(pk=ride.request_id)
        self.post(partner, "/updateLocation", {"location": at((request.lat, request.lng))})
        self.post(partner, "/rideArrive", {"rideId": str(ride.pk)})
        self.post(partner, "/rideStart", {"rideId": str(ride.pk)})

    def served(self, user: str, partner: str, *, minutes: float, **what: Any) -> Ride:
        """As `accepted`, and a session of so many minutes; the partner goes home afterwards."""
        ride = self.accepted(user, partner, **what)
        self.start(partner, ride)
        self.clock.advance(60 * minutes)
        self.post(partner, "/rideEnd", {"rideId": str(ride.pk)})
        self.go_offline(partner)
        return ride

    def payment(self, ride: Ride, kind: str = "fare") -> Payment:
        """A ride's payment."""
        return Payment.objects.get(ride=ride, kind=kind)

    def settle(self, ride: Ride, kind: str = "fare") -> None:
        """Staff have taken a payment in cash."""
        settle_in_cash(self.payment(ride, kind), actor=self.staff, now=self.clock.now)


def metres_away(metres: float) -> Place:
    """A place so far from the door."""
    return north(metres, of=AT_THE_DOOR)
