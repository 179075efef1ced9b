"""Traces, and the links between accounts that they show."""

import json
from datetime import timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from ops.pruner import prune
from regions.models import Region
from rides.models import Ride
from risk.models import Flag, Trace
from risk.states import FlagKind, TraceKind
from risk.traces import leave_trace, link_score
from tests.cast import PASSWORD, Clock, end, fresh, make_user, start
from tests.online import Online
from web.privacy.deletion import delete_account
from web.privacy.export import export


def share(kind: TraceKind, value: str, *people: User) -> None:
    for person in people:
        leave_trace(person.pk, kind, value, now=timezone.now())


def test_only_a_keyed_digest_is_kept(user: User) -> None:
    share(TraceKind.ADDRESS, "192.0.2.7", user)
    share(TraceKind.PHONE, "+1 212 555 0100", user)
    kept = json.dumps(list(Trace.objects.values("digest", "kind")))
    assert "192.0.2.7" not in kept
    assert "2125550100" not in kept
    share(TraceKind.DEVICE, "", user)
    share(TraceKind.ADDRESS, "no address", user)
    assert Trace.objects.count() == 2


def test_a_trace_seen_again_is_one_row(user: User, clock: Clock) -> None:
    leave_trace(user.pk, TraceKind.CARD, "fp", now=clock.now)
    later = clock.advance(60)
    leave_trace(user.pk, TraceKind.CARD, "fp", now=later)
    trace = Trace.objects.get()
    assert trace.last_seen - trace.first_seen == timedelta(seconds=60)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (TraceKind.PHONE, "+1 (212) 555-0100", "0012125550100"),
        (TraceKind.ADDRESS, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        (TraceKind.CARD, "fp", "fp"),
    ],
)
def test_the_same_thing_is_recognised(user: User, other_user: User, kind: TraceKind, one: str, other: str) -> None:
    share(kind, one, user)
    share(kind, other, other_user)
    assert link_score(user.pk, other_user.pk)[1] == [kind]


def test_each_shared_kind_counts_once(user: User, other_user: User) -> None:
    assert link_score(user.pk, other_user.pk) == (0, [])
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        share(TraceKind.ADDRESS, address, user, other_user)
    assert link_score(user.pk, other_user.pk) == (20, ["address"])
    share(TraceKind.CARD, "fp", user, other_user)
    share(TraceKind.DEVICE, "mine", user)
    share(TraceKind.DEVICE, "yours", other_user)
    assert link_score(user.pk, other_user.pk) == (120, ["address", "card"])


def test_what_many_share_links_nobody(user: User, other_user: User, settings: Settings) -> None:
    settings.LINK_SHARED_MAX = 2
    share(TraceKind.DEVICE, "kiosk", user, other_user)
    assert link_score(user.pk, other_user.pk)[0] == 80
    share(TraceKind.DEVICE, "kiosk", make_user("Third"))
    assert link_score(user.pk, other_user.pk)[0] == 0


def test_traces_are_bounded_and_forgotten(user: User, other_user: User, settings: Settings, clock: Clock) -> None:
    settings.TRACES_PER_KIND, settings.TRACES_KEPT_DAYS = 2, 30
    for n in range(4):
        leave_trace(user.pk, TraceKind.ADDRESS, f"192.0.2.{n}", now=clock.advance(1))
    assert Trace.objects.count() == 2
    share(TraceKind.ADDRESS, "192.0.2.0", other_user)
    assert link_score(user.pk, other_user.pk)[0] == 0
    prune("risk.Trace", clock.now + timedelta(days=29))
    assert Trace.objects.filter(account=user).count() == 2
    prune("risk.Trace", clock.now + timedelta(days=31))
    assert not Trace.objects.filter(account=user).exists()


def test_the_score_takes_one_statement(user: User, other_user: User) -> None:
    share(TraceKind.CARD, "fp", user, other_user)
    with TestCase().assertNumQueries(1):
        link_score(user.pk, other_user.pk)


# ---------------------------------------------------------------- who leaves them, and what they lead to


def test_two_accounts_of_one_person_are_flagged(user: User, partner: Partner, ride: Ride, clock: Clock) -> None:
    share(TraceKind.CARD, "fp", user, partner.user)
    start(ride)
    clock.advance(300)
    end(ride)
    flag = Flag.objects.get()
    assert (flag.kind, flag.ride_id, flag.figure, flag.limit) == (FlagKind.LINKED_ACCOUNTS, ride.pk, 100, 60)
    assert flag.evidence == {"partner": str(partner.pk), "shared": ["card"]}


def test_neighbours_behind_one_address_are_not(user: User, partner: Partner, ride: Ride, clock: Clock) -> None:
    share(TraceKind.ADDRESS, "192.0.2.1", user, partner.user)
    start(ride)
    clock.advance(300)
    end(ride)
    assert not Flag.objects.exists()


def test_a_sign_in_leaves_its_address(user: User, nyc: Region) -> None:
    body = {"email": user.email, "password": PASSWORD}
    assert APIClient(REMOTE_ADDR="192.0.2.9").post("/login", body).status_code == 200
    assert Trace.objects.get().kind == TraceKind.ADDRESS


def test_a_card_leaves_its_fingerprint(online: Online, user: User, other_user: User) -> None:
    online.save_card(user)
    online.save_card(other_user)
    assert link_score(user.pk, other_user.pk)[1] == ["card"]


def test_an_application_leaves_its_phone(partner: Partner) -> None:
    assert Trace.objects.get(account=partner.user).kind == TraceKind.PHONE


def test_export_and_deletion_know_traces(user: User) -> None:
    share(TraceKind.CARD, "fp", user)
    row = export(user, now=timezone.now())["data"]["traces"][0]
    assert row["kind"] == "card"
    assert Trace.objects.get().digest not in json.dumps(row, cls=DjangoJSONEncoder)
    delete_account(user, now=timezone.now())
    assert not Trace.objects.exists()
    assert not fresh(user).is_active
