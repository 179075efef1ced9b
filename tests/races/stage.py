"""Where a race is run, what it is, and how its end is judged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from core.errors import ServiceError
from ops.audit import all_checks
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest, Offer
from requests_app.serving import fulfilment
from requests_app.states import OPEN
from rides.models import Ride
from tests.cast import accept, make_partner, make_user, match, north, open_offer, submit
from tests.races.schedule import Step


@dataclass
class Stage:
    """Where one race is run: everybody of the races before has gone home."""

    nyc: Region
    staff: User
    name: str

    def clear(self) -> None:
        for partner in Partner.objects.exclude(status="offline"):
            fulfilment.release_partner(partner, actor=self.staff, now=timezone.now())
        for request in CheerRequest.objects.filter(status__in=OPEN):
            services.cancel_request_as_staff(request, actor=self.staff, reason="", now=timezone.now())

    def user(self, suffix: str = "") -> User:
        return make_user(f"U {self.name}{suffix}")

    def partner(self, suffix: str = "", metres: float = 500) -> Partner:
        return make_partner(f"P {self.name}{suffix}", at=north(-metres))

    def offer(self) -> Offer:
        """An open offer to a new partner."""
        self.partner()
        request = submit(self.user())
        match(self.nyc)
        return open_offer(request)

    def ride(self) -> Ride:
        return accept(self.offer())


@dataclass
class Race:
    """Steps that run at the same time, and what must be true of their outcomes."""

    steps: list[Step]
    judge: Callable[[list[Any]], None]


def why(outcome: Any) -> str:
    """How a step ended: "done", or the code of its refusal. Anything else is a fault."""
    if isinstance(outcome, ServiceError):
        return outcome.code
    if isinstance(outcome, BaseException):
        raise outcome
    if hasattr(outcome, "status_code"):
        assert outcome.status_code < 500
        return "done" if outcome.status_code < 400 else str(outcome.json()["errors"][0]["code"])
    return "done"


def one_wins(*refusals: str) -> Callable[[list[Any]], None]:
    """One step works, and the others are refused with one of these codes."""

    def judge(outcomes: list[Any]) -> None:
        reasons = [why(outcome) for outcome in outcomes]
        assert reasons.count("done") == 1, reasons
        assert set(reasons) <= {"done", *refusals}, reasons

    return judge


def one_of(*possible: tuple[str, ...]) -> Callable[[list[Any]], None]:
    """The outcomes are one of these combinations."""

    def judge(outcomes: list[Any]) -> None:
        assert tuple(why(outcome) for outcome in outcomes) in possible

    return judge


def now() -> Any:
    return timezone.now()


def violations() -> list[str]:
    """The promises that are broken now."""
    return [check.promise for check in all_checks() if check.kind == VIOLATION and check.look(now()).wrong]
