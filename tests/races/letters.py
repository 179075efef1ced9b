"""Races about dead letters: between two members of staff, with the matcher, and with a user who asks again."""

from typing import Any

from requests_app import care, dead_letters, services
from requests_app.matching.batch import match_batch
from requests_app.models import CheerRequest, Offer
from requests_app.records import DeadLetter
from requests_app.serving import availability
from requests_app.states import OfferStatus
from tests.cast import fresh, make_staff, queue, submit
from tests.races.stage import Race, Stage, now, one_of, one_wins, why

GONE = ("request_pending", "request_offered", "request_accepted", "request_cancelled")


def letter_of(stage: Stage) -> CheerRequest:
    """A dead letter."""
    request = queue(stage.user())
    assert dead_letters.dead_letter(request.pk, now=request.give_up_at)
    return fresh(request)  # type: ignore[no-any-return]


def two_take_care(stage: Stage) -> Race:
    letter, staff = letter_of(stage), [stage.staff, make_staff(f"S{stage.name}")]

    def judge(outcomes: list[Any]) -> None:
        one_wins("dead_letter_owned")(outcomes)
        winner = [why(outcome) for outcome in outcomes].index("done")
        assert DeadLetter.objects.get(request=letter).owner == staff[winner]

    return Race([lambda who=who: care.take_care(letter, actor=who, now=now()) for who in staff], judge)


def requeue_and_direct(stage: Stage) -> Race:
    letter, partner = letter_of(stage), stage.partner()
    return Race(
        [
            lambda: dead_letters.requeue_request(letter, actor=stage.staff, now=now()),
            lambda: dead_letters.direct_request(letter, partner, actor=stage.staff, now=now()),
            lambda: services.cancel_request_as_staff(letter, actor=stage.staff, reason="", now=now()),
        ],
        _at_most_one_requeues,
    )


def _at_most_one_requeues(outcomes: list[Any]) -> None:
    """The third, who calls it off, may come after either."""
    reasons = [why(outcome) for outcome in outcomes]
    assert reasons[:2].count("done") <= 1
    assert set(reasons) <= {"done", *GONE}
    assert "done" in reasons


def two_letters_to_one_partner(stage: Stage) -> Race:
    partner = stage.partner()
    letters = [letter_of(stage)]
    other = queue(stage.user(" b"))
    assert dead_letters.dead_letter(other.pk, now=other.give_up_at)
    letters.append(fresh(other))

    def judge(outcomes: list[Any]) -> None:
        one_wins("partner_offered", "partner_busy")(outcomes)

    return Race(
        [
            lambda: dead_letters.direct_request(letters[0], partner, actor=stage.staff, now=now()),
            lambda: dead_letters.direct_request(letters[1], partner, forced=True, actor=stage.staff, now=now()),
        ],
        judge,
    )


def direct_and_matcher(stage: Stage) -> Race:
    letter, partner = letter_of(stage), stage.partner()
    queue(stage.user(" waits"))

    def judge(outcomes: list[Any]) -> None:
        assert why(outcomes[0]) in ("done", "partner_offered")
        assert why(outcomes[1]) == "done"
        assert Offer.objects.filter(partner=partner, status=OfferStatus.PENDING).count() == 1

    return Race(
        [
            lambda: dead_letters.direct_request(letter, partner, actor=stage.staff, now=now()),
            lambda: match_batch(stage.nyc),
        ],
        judge,
    )


def assign_and_going_offline(stage: Stage) -> Race:
    letter, partner = letter_of(stage), stage.partner()
    return Race(
        [
            lambda: dead_letters.direct_request(letter, partner, forced=True, actor=stage.staff, now=now()),
            lambda: availability.go_offline(fresh(partner), now=now()),
        ],
        one_of(("done", "partner_busy"), ("partner_offline", "done")),
    )


def assign_and_a_new_request(stage: Stage) -> Race:
    letter, partner = letter_of(stage), stage.partner()

    def judge(outcomes: list[Any]) -> None:
        reasons = tuple(why(outcome) for outcome in outcomes)
        assert reasons in (
            ("done", "request_already_open"),
            ("request_already_open", "done"),
            ("partner_offered", "done"),
        )

    return Race(
        [
            lambda: dead_letters.direct_request(letter, partner, forced=True, actor=stage.staff, now=now()),
            lambda: submit(letter.user),
        ],
        judge,
    )


LETTERS = [
    two_take_care,
    requeue_and_direct,
    two_letters_to_one_partner,
    direct_and_matcher,
    assign_and_going_offline,
    assign_and_a_new_request,
]
