"""Reading everything that the API shows to anybody."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from rest_framework.test import APIClient

from accounts.demo import PASSWORD
from accounts.models import User
from ops import seed as demo

# The lists of a role, and the pages of one thing in them.
THEIRS: dict[str, dict[str, list[str]]] = {
    "user": {
        "/cheerRequest": ["/cheerRequest/{requestId}"],
        "/ride": ["/ride/{rideId}"],
        "/payment": ["/payment/{paymentId}"],
        "/scheduledRequest": [],
        "/savedPlace": [],
    },
    "partner": {"/ride": ["/ride/{rideId}"]},
    "staff": {},
}


def read_everything() -> dict[str, int]:
    """Read it, each by its owner; returns how much there was in whose lists. An answer that is not 200 is an error."""
    settings.ALLOWED_HOSTS.append("testserver")  # as test clients call themselves
    read: Counter[str] = Counter()
    for user in User.objects.order_by("pk"):
        read["/me"] += 1
        for path, thing in things_of(user):
            read[f"{user.role} {path}"] += 1
            check_thing(user, path, thing)
    sign_in(demo.USERS[0], PASSWORD)
    return dict(read)


def things_of(user: User) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything in an account's lists, with the list's path."""
    assert get(user, "/me")["userId"] == str(user.pk)
    for path in THEIRS[user.role]:
        page: Any = get(user, path)
        while True:
            yield from ((path, thing) for thing in page["results"])
            if not page["next"]:
                break
            page = get(user, page["next"])


def check_thing(user: User, path: str, thing: dict[str, Any]) -> None:
    """Read one thing by itself: it is what the list says, and a completed ride has its receipt."""
    for address in THEIRS[user.role][path]:
        alone = get(user, address.format(**thing))
        assert alone["status"] == thing["status"], (address, thing, alone)
    if path == "/ride" and thing["status"] == "completed":
        assert get(user, f"/ride/{thing['rideId']}/receipt")["rideId"] == thing["rideId"]


def get(user: User, path: str) -> Any:
    """The body of an answer, which is 200."""
    client = APIClient()
    client.force_authenticate(user)
    answer = client.get(path)
    assert answer.status_code == 200, (user.email, path, answer.status_code, answer.content)
    return answer.json()


def sign_in(email: str, password: str) -> None:
    """A password that was set by the old program opens the account still."""
    answer = APIClient().post("/login", {"email": email, "password": password})
    assert answer.status_code == 200, answer.content
    assert answer.json()["user"]["email"] == email
