"""Two sweeps at once, and a row that a sweep stumbles over."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Partner
from notifications.models import Event
from ops import sweep
from regions.models import Region
from requests_app.models import CheerRequest, Offer, OfferTransition
from requests_app.states import OfferStatus, RequestStatus
from tests.cast import Clock, fresh, in_threads, make_partner, make_user, match, north, submit
from tests.failures.conftest import assert_promises_hold

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS = 6


@pytest.fixture
def lapsing(nyc: Region, clock: Clock) -> list[Offer]:
    """Offers whose time is over, and requests out of patience."""
    for number in range(PAIRS):
        make_partner(f"P{number}", at=north(number))
        submit(make_user(f"U{number}"))
    match(nyc)
    late = [submit(make_user(f"L{number}")) for number in range(PAIRS)]
    clock.advance(settings.OFFER_TTL_S)
    CheerRequest.objects.filter(pk__in=[request.pk for request in late]).update(give_up_at=clock.now)
    return list(Offer.objects.order_by("expires_at"))


def test_two_at_once_settle_everything_once(lapsing: list[Offer]) -> None:
    def both() -> None:
        sweep.sweep_deadlines(timezone.now())
        sweep.sweep_presence(timezone.now())

    assert in_threads(both, both, both) == [None] * 3
    assert {fresh(offer).status for offer in lapsing} == {OfferStatus.EXPIRED}
    assert OfferTransition.objects.filter(new=OfferStatus.EXPIRED).count() == PAIRS
    assert Event.objects.filter(type="offer.rescinded").count() == PAIRS
    assert CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).count() == PAIRS
    assert set(Partner.objects.values_list("status", flat=True)) == {"available"}
    assert_promises_hold()


def test_a_row_that_fails_does_not_hold_up_the_others(
    lapsing: list[Offer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expire = sweep.expire_offer

    def stumbling(offer_id: UUID, **options: Any) -> bool:
        if offer_id == lapsing[0].pk:
            raise RuntimeError("a fault of ours")
        return expire(offer_id, **options)

    monkeypatch.setattr(sweep, "expire_offer", stumbling)
    sweep.sweep_deadlines(timezone.now())
    assert [fresh(offer).status for offer in lapsing] == [OfferStatus.PENDING] + [OfferStatus.EXPIRED] * (PAIRS - 1)
    assert CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).count() == PAIRS
    assert str(lapsing[0].pk) in caplog.text


def test_a_database_that_is_away_ends_the_pass(lapsing: list[Offer], monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[UUID] = []

    def away(offer_id: UUID, **options: Any) -> bool:
        tried.append(offer_id)
        raise OperationalError("gone") from psycopg.OperationalError("connection refused")

    monkeypatch.setattr(sweep, "expire_offer", away)
    with pytest.raises(OperationalError):
        sweep.sweep_deadlines(timezone.now())
    assert len(tried) == 1
