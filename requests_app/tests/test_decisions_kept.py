"""How long decisions are kept, and readers of one that is gone."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Partner, User
from core.pruning import Emptied
from ops import pruner
from ops.retention import PRUNED
from regions.models import Region
from requests_app.matching.decisions import chosen_again, explained
from requests_app.models import Offer
from requests_app.records import Matching
from tests.cast import fresh, make_partner, match, north, open_offer, queue, submit


def test_it_is_kept_for_some_days(nyc: Region, user: User, other_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        make_partner(f"P{number}", at=north(100.0 * number))
    requests = [queue(user), queue(other_user)]
    match(nyc)
    column = Emptied(Offer, "decision", "DECISIONS_KEPT_DAYS")
    monkeypatch.setitem(PRUNED, "requests_app.Offer", (column,))  # type: ignore[arg-type]
    soon = timezone.now() + timedelta(days=settings.DECISIONS_KEPT_DAYS)
    for later, count in ((soon - timedelta(minutes=1), 2), (soon + timedelta(minutes=1), 0)):
        for label in ("requests_app.Offer", "requests_app.Matching"):
            pruner.prune(label, later)
        assert Offer.objects.filter(decision__isnull=False).count() == count
        assert Matching.objects.exists() == bool(count)
    for request in requests:
        with pytest.raises(LookupError):
            explained(open_offer(request))


def test_what_is_emptied_is_not_walked_through_again(nyc: Region, user: User, partner: Partner) -> None:
    submit(user)
    column = Emptied(Offer, "decision", "DECISIONS_KEPT_DAYS")
    later = timezone.now() + timedelta(days=settings.DECISIONS_KEPT_DAYS + 1)
    assert column.batch(later, None) == (1, None)
    Offer.objects.update(decision={"by": "immediate"})
    assert column.batch(later, None) == (0, None)


def test_the_pairs_may_go_first(nyc: Region, user: User, other_user: User) -> None:
    for number in range(2):
        make_partner(f"P{number}", at=north(100.0 * number))
    request = queue(user)
    queue(other_user)
    match(nyc)
    Matching.objects.all().delete()
    with pytest.raises(LookupError):
        explained(open_offer(request))


def test_an_offer_of_an_older_release_has_none(offer: Offer) -> None:
    Offer.objects.filter(pk=offer.pk).update(decision=None)
    with pytest.raises(LookupError):
        chosen_again(fresh(offer))
