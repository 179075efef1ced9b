"""The statements that read a day go along indexes."""

from datetime import timedelta

from accounts.models import Partner
from insights.sandbox import rows
from insights.tests.plans import plans_of, read_whole
from rides.models import Ride


def test_the_loader_reads_no_table_from_end_to_end(completed: Ride, other_partner: Partner) -> None:
    region, at = completed.request.region, completed.request.created_at
    plans = plans_of(lambda: rows.read(region, at - timedelta(hours=1), at + timedelta(hours=1)))
    assert len(plans) >= 8
    assert read_whole(plans) == {}
    by_table = {sql.split(" FROM ")[1].split()[0].strip('"'): plan for sql, plan in plans.items()}
    for table, index in {
        "requests_app_offer": "offer_request",
        "rides_ride": "ride_request",
        "accounts_partnertransition": "partner_step_by_time",
    }.items():
        assert index in by_table[table], (table, by_table[table])
