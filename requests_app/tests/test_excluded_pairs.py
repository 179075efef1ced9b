"""A partner who has turned a request down is never offered it again, whatever staff do with the dead letter."""

from random import Random

import pytest
from django.conf import settings

from accounts.models import User
from core.errors import Conflict
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.dead_letters import direct_request, requeue_request, widen_request
from requests_app.models import CheerRequest, Offer
from requests_app.serving import fulfilment
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from tests.cast import Clock, accept, decline, fresh, make_partner, make_user, match, north, report, submit


@pytest.mark.parametrize("seed", range(4))
def test_excluded_pairs_are_never_offered(nyc: Region, staff: User, seed: int, clock: Clock) -> None:
    """Requests live and die, and staff do anything with them: who turned one down never sees it again."""
    random = Random(seed)
    partners = [make_partner(f"P{n}", at=north(random.uniform(-2000, 2000))) for n in range(6)]
    requests = [submit(make_user(f"U{n}"), at=north(random.uniform(-2000, 2000))) for n in range(4)]
    refusals = 0
    for _ in range(25):
        for partner in partners:
            report(partner, north(random.uniform(-2000, 2000)))
        for offer in Offer.objects.filter(status=OfferStatus.PENDING).select_related("request", "partner__user"):
            if random.random() < 0.5:
                decline(offer)
            else:
                ride = accept(offer)
                fulfilment.cancel_by_partner(fresh(offer.partner), ride.pk, reason="busy", now=clock.now)
        if random.random() < 0.3:
            clock.advance(settings.REQUEST_PATIENCE_S)
        sweep_deadlines(clock.advance(random.uniform(1, 30)))
        for dead in CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).select_related("user", "region"):
            named, what = random.choice(partners), random.choice(["requeue", "widen", "direct", "assign"])
            try:
                if what == "requeue":
                    requeue_request(dead, actor=staff, now=clock.now)
                elif what == "widen":
                    widen_request(dead, reach_m=20_000, patience_s=None, actor=staff, now=clock.now)
                else:
                    direct_request(dead, named, forced=what == "assign", actor=staff, now=clock.now)
            except Conflict as refused:
                refusals += refused.code == "partner_excluded"
        for ride in Ride.objects.filter(status="en_route").select_related("partner__user"):
            fulfilment.cancel_by_partner(ride.partner, ride.pk, reason="busy", now=clock.now)
        match(nyc)
    offers = list(Offer.objects.order_by("created_at", "pk").values_list("request_id", "partner_id", "status"))
    for place, (request_id, partner_id, status) in enumerate(offers):
        if status in (OfferStatus.DECLINED, OfferStatus.ACCEPTED):
            assert (request_id, partner_id) not in [each[:2] for each in offers[place + 1 :]]
    assert offers
    assert refusals
    assert {request.pk for request in requests} >= {request_id for request_id, _, _ in offers}
