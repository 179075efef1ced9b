"""A cheer from request to receipt, with the generated client: `python cheer.py http://localhost:8000`.

docs/api.md says how the client is made. The offer arrives on a socket, which needs `pip install websockets`.
"""

import json
import sys
from typing import TypeVar
from uuid import UUID, uuid4

from speedy_cheers_client import AuthenticatedClient, Client
from speedy_cheers_client.api.accounts import get_me, login
from speedy_cheers_client.api.cheer_requests import create_cheer_request, get_cheer_request, list_request_types
from speedy_cheers_client.api.partners import set_partner_status, update_location
from speedy_cheers_client.api.rides import accept_ride, end_ride, get_receipt, get_ride, rate_ride, start_ride
from speedy_cheers_client.models import (
    CheerRequest,
    CheerRequestInput,
    CheerRequestStatus,
    ErrorResponse,
    Location,
    LoginInput,
    Me,
    Offer,
    Partner,
    PartnerAvailability,
    PartnerStatus,
    PartnerStatusInput,
    PositionInput,
    Receipt,
    Ride,
    RideAcceptInput,
    RideIdInput,
    RideRatingInput,
    RideStartInput,
    RideStatus,
    Session,
)
from websockets.sync.client import ClientConnection, connect

T = TypeVar("T")
PLACE = Location(lat=40.7484, lng=-73.9857)
DOOR = Location(lat=40.7486, lng=-73.9853)


def of(kind: type[T], answer: object) -> T:
    """The answer, if it is of this kind. Raises `RuntimeError` with what the server said otherwise."""
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, ErrorResponse):
        raise RuntimeError("; ".join(f"{error.code}: {error.detail}" for error in answer.errors))
    raise RuntimeError(f"Not a {kind.__name__}: {answer!r}")


def sign_in(server: str, email: str) -> AuthenticatedClient:
    """A client that calls with a token of this demo account."""
    body = LoginInput(email=email, password="cheers-demo")
    session = of(Session, login.sync(client=Client(server), body=body))
    return AuthenticatedClient(server, session.token, raise_on_unexpected_status=True)


def go(partner: AuthenticatedClient, place: Location) -> None:
    """Report the partner's position."""
    done = update_location.sync_detailed(client=partner, body=PositionInput(location=place, accuracy_m=5.0))
    if done.status_code != 204:
        raise RuntimeError(str(done.parsed))


def set_status(partner: AuthenticatedClient, status: PartnerAvailability) -> Partner:
    """Go online or offline."""
    return of(Partner, set_partner_status.sync(client=partner, body=PartnerStatusInput(status)))


def listen(server: str, partner: AuthenticatedClient) -> ClientConnection:
    """The partner's socket. Its first frame is the present state, and every later one an event."""
    headers = {"Authorization": f"Bearer {partner.token}"}
    return connect(server.replace("http", "ws", 1) + "/partner/notification", additional_headers=headers)


def next_offer(socket: ClientConnection, request_id: UUID) -> Offer:
    """The offer of a request, once it comes."""
    while True:
        frame = json.loads(socket.recv(timeout=30))
        if frame["type"] == "offer":
            offer = Offer.from_dict(frame["offer"])
            if offer.request_id == request_id:
                return offer


def ask(user: AuthenticatedClient) -> CheerRequest:
    """Ask for the first kind of cheer there is. The key makes it safe to repeat a call whose answer was lost."""
    types = list_request_types.sync(client=user)
    if not isinstance(types, list):
        raise RuntimeError(str(types))
    body = CheerRequestInput(location=DOOR, request_type=types[0].slug, note="By the north entrance")
    key = str(uuid4())
    request = of(CheerRequest, create_cheer_request.sync(client=user, body=body, idempotency_key=key))
    again = of(CheerRequest, create_cheer_request.sync(client=user, body=body, idempotency_key=key))
    assert again.request_id == request.request_id
    return request


def serve(partner: AuthenticatedClient, user: AuthenticatedClient, offer: Offer) -> Ride:
    """Accept the offer, come, cheer and finish."""
    accepted = of(Ride, accept_ride.sync(client=partner, body=RideAcceptInput(offer_id=offer.offer_id)))
    seen = of(CheerRequest, get_cheer_request.sync(offer.request_id, client=user))
    assert seen.status is CheerRequestStatus.ACCEPTED
    go(partner, DOOR)
    # The user tells the partner the PIN. In most regions an arrival does as well: see `report_arrival`.
    pin = of(Ride, get_ride.sync(accepted.ride_id, client=user)).pin
    started = of(Ride, start_ride.sync(client=partner, body=RideStartInput(ride_id=accepted.ride_id, pin=pin or "")))
    assert started.status is RideStatus.IN_PROGRESS
    return of(Ride, end_ride.sync(client=partner, body=RideIdInput(accepted.ride_id)))


def main(server: str) -> None:
    user, partner = sign_in(server, "user2@demo.test"), sign_in(server, "partner2@demo.test")
    with listen(server, partner) as socket:
        go(partner, PLACE)
        assert set_status(partner, PartnerAvailability.AVAILABLE).status is PartnerStatus.AVAILABLE
        request = ask(user)
        ride = serve(partner, user, next_offer(socket, request.request_id))
    set_status(partner, PartnerAvailability.OFFLINE)
    of(Ride, rate_ride.sync(ride.ride_id, client=user, body=RideRatingInput(rating=5)))

    receipt = of(Receipt, get_receipt.sync(ride.ride_id, client=user))
    me = of(Me, get_me.sync(client=user))
    print(f"{me.name} pays {receipt.total.amount} {receipt.total.currency} for {receipt.lines[0].label}")


if __name__ == "__main__":
    main(sys.argv[1])
