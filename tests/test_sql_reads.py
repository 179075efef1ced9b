"""Columns that the hand-written statements read in addition, and those that they leave out."""

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Partner
from core import rows
from regions.models import Region
from requests_app import locks
from requests_app.models import CheerRequest, Offer
from tests.cast import make_user


def test_a_column_of_all_rows_that_could_be_locked(nyc: Region, partner: Partner, other_partner: Partner) -> None:
    Partner.objects.filter(pk=other_partner.pk).update(type="mascot")
    ids = [other_partner.pk, partner.pk, make_user("Nobody").pk]
    found, types = rows.lock_first(
        Partner,
        ids,
        using=DEFAULT_DB_ALIAS,
        having={"type": ["cheerleader"]},
        other_than={},
        unless=(CheerRequest, {"region_id": nyc.pk}),
        told="type",
    )
    assert found == partner
    assert types == dict(zip(ids, ["mascot", "cheerleader", None], strict=True))


def test_cold_columns_are_read_when_they_are_asked_for(offer: Offer) -> None:
    """The decision is large, and nothing on the way of a cheer needs it."""
    with CaptureQueriesContext(connection) as said, transaction.atomic():
        found = [
            locks.lock_offer(offer.pk),
            locks.lock_with_offer(offer.pk).offer,
            Offer.objects.get(pk=offer.pk),
            Offer.objects.select_related("partner").get(pk=offer.pk),
            *offer.request.offers.all(),
        ]
    assert not [query for query in said if "decision" in query["sql"]]
    assert all(each.decision["by"] for each in found)
