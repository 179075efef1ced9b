"""Rows written together with those that tell of them."""

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from accounts.models import User
from core import sql
from regions.models import Region
from requests_app.models import CheerRequest, CheerRequestTransition
from requests_app.states import RequestStatus
from tests.cast import fresh, north, queue
from tests.test_sql import new_request


def test_what_is_not_changed_is_not_noted(nyc: Region, user: User, other_user: User) -> None:
    requests = [queue(each, at=north(500)) for each in (user, other_user)]
    requests[1].move(RequestStatus.CANCELLED, actor=None, at=fresh(requests[1]).created_at)
    before = CheerRequestTransition.objects.count()
    note = {"old": "pending", "new": "no_match", "actor_id": None, "reason": "", "at": timezone.now()}

    def give_up(request: CheerRequest) -> int:
        told = {"status": RequestStatus.NO_MATCH}
        noted = (CheerRequestTransition, note)
        seen = {"status": RequestStatus.PENDING}
        return sql.compare_and_set(CheerRequest, [request.pk], seen, told, using=DEFAULT_DB_ALIAS, noted=noted)

    assert [give_up(request) for request in requests] == [1, 0]
    assert CheerRequestTransition.objects.count() == before + 1
    assert CheerRequestTransition.objects.latest("pk").subject == requests[0]


def test_rows_are_inserted_after_those_that_they_name_even_if_they_are_many(nyc: Region, user: User) -> None:
    request = new_request(user, nyc)
    at = timezone.now()
    steps = [CheerRequestTransition(subject_id=request.pk, old="", new=str(n), at=at) for n in range(sql.ROWS_MAX + 1)]
    sql.insert_all([request], using=DEFAULT_DB_ALIAS, then=steps)
    assert list(request.transitions.order_by("pk").values_list("new", flat=True)) == [step.new for step in steps]
