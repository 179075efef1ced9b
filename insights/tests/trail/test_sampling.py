"""Trails are thinned points of live positions, small, and gone with their person or after a time."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Partner, User
from insights.trail import sampling
from insights.trail.models import TrailPiece
from insights.trail.points import POINT, pack, unpack
from insights.trail.sampling import LONGEST, PIECE, STEP_S, Sampler
from insights.trail.selectors import trail_of
from ops.pruner import prune
from regions.models import Region
from tests.cast import EMPIRE_STATE, Clock, make_partner, north, report
from web.privacy.deletion import delete_account
from web.privacy.export import export

pytestmark = pytest.mark.django_db
ROW_BYTES = 150  # of a row of this table with its three indexes, without its points


def piece_of(sampler: Sampler, clock: Clock, partner: Partner, metres: list[float], every_s: int) -> None:
    """Let a partner go north, and sample each time."""
    begun = clock.now
    for way in metres:
        report(partner, north(way))
        sampler.sample(clock.now)
        clock.advance(every_s)
    clock.now = max(clock.now, begun + PIECE)
    sampler.sample(clock.now)


def test_who_stands_leaves_a_point_each_half_minute_and_who_moves_each_step(nyc: Region, clock: Clock) -> None:
    standing, moving = make_partner("Stan"), make_partner("Mo")
    sampler, begun = Sampler(), clock.now
    for number in range(12):
        report(standing, EMPIRE_STATE)
        report(moving, north(30 * number))
        sampler.sample(clock.now)
        clock.advance(10)
    clock.now = begun + PIECE
    sampler.sample(clock.now)
    assert [int((was.at - begun).total_seconds()) for was in trail_of(standing.pk, begun, clock.now)] == [0, 30, 60, 90]
    assert len(list(trail_of(moving.pk, begun, clock.now))) == 12


def test_a_point_takes_forty_bytes_at_most(nyc: Region, clock: Clock) -> None:
    partner = make_partner("Stan")
    piece_of(Sampler(), clock, partner, [0.0] * int(PIECE.total_seconds() // STEP_S), STEP_S)
    piece = TrailPiece.objects.get()
    assert len(piece.points) >= 10
    assert POINT.size + ROW_BYTES / len(piece.points) <= 40
    assert unpack(pack(piece.points)) == piece.points


def test_one_of_two_sweeps_samples(nyc: Region, clock: Clock) -> None:
    partner = make_partner("Stan")
    one, other = Sampler(), Sampler()
    report(partner, EMPIRE_STATE)
    one.sample(clock.now)
    other.sample(clock.now)
    clock.advance(PIECE.total_seconds())
    other.sample(clock.now)
    assert not TrailPiece.objects.exists()
    one.sample(clock.now)
    assert TrailPiece.objects.count() == 1


def test_pieces_are_written_in_batches_the_oldest_first_and_none_grows_for_ever(
    nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "WRITTEN_AT_ONCE", 1)
    one, sampler, begun = make_partner("Ann"), Sampler(), clock.now
    sampler.sample(clock.now)
    others = [make_partner("Ben"), make_partner("Cleo")]
    sampler.sample(clock.advance(1))
    clock.advance(PIECE.total_seconds())
    sampler.sample(clock.now)
    assert [piece.partner_id for piece in TrailPiece.objects.all()] == [one.pk]
    clock.now = begun + LONGEST + timedelta(seconds=2)
    sampler.sample(clock.now)
    assert {piece.partner_id for piece in TrailPiece.objects.all()} == {one.pk, *(other.pk for other in others)}


def test_what_was_written_while_an_account_was_deleted_goes_a_little_later(nyc: Region, clock: Clock) -> None:
    partner, sampler = make_partner("Stan"), Sampler()
    piece_of(sampler, clock, partner, [0.0], 10)
    User.objects.filter(pk=partner.user_id).update(is_active=False)
    sampler.sample(clock.advance(10))
    assert not TrailPiece.objects.exists()


def test_nothing_is_written_of_an_account_that_was_deleted_and_its_trail_goes(nyc: Region, clock: Clock) -> None:
    partner = make_partner("Stan")
    sampler = Sampler()
    piece_of(sampler, clock, partner, [0.0], 10)
    assert export(partner.user, now=clock.now)["data"]["trails"][0]["points"]
    report(partner, EMPIRE_STATE)
    sampler.sample(clock.now)
    Partner.objects.filter(pk=partner.pk).update(status="offline")
    delete_account(partner.user, now=clock.now)
    clock.advance(PIECE.total_seconds())
    sampler.sample(clock.now)
    assert not TrailPiece.objects.exists()


def test_a_trail_goes_after_its_time(nyc: Region, clock: Clock, settings: Any) -> None:
    partner = make_partner("Stan")
    TrailPiece.objects.create(partner=partner, begins_at=clock.now - timedelta(days=8), points=[(0, 1.0, 2.0)])
    TrailPiece.objects.create(partner=partner, begins_at=clock.now, points=[(0, 1.0, 2.0)])
    settings.TRAIL_KEPT_DAYS = 7
    assert prune("insights.TrailPiece", clock.now) == 1
