"""The protocol of a provider call: one effect, whatever becomes of the reply and of the key."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from payments.models import Hold
from payments.provider.call import KEY_LIFE, parameters_of, provider_call, replace_key
from payments.provider.gateway import Declined, KeyReused, Refused, Unreachable
from tests.cast import Clock, fresh, submit, unchanged
from tests.online import Online

DONE = {"id": "pi_1"}


@pytest.fixture
def row(online: Online, user: User, clock: Clock) -> Hold:
    """A hold that is to be placed."""
    online.save_card(user)
    submit(user)
    return Hold.objects.get()


class Provider:
    """Records the keys of the calls made and of the effects looked for."""

    def __init__(self, *, error: Exception | None = None, effect: dict[str, Any] | None = None) -> None:
        self.error, self.effect = error, effect
        self.called: list[str] = []
        self.sought: list[str] = []

    def call(self, key: str) -> dict[str, Any]:
        self.called.append(key)
        if self.error is not None:
            raise self.error
        return DONE

    def find(self, key: str) -> dict[str, Any] | None:
        self.sought.append(key)
        return self.effect


def test_the_call_is_made_with_the_rows_key(row: Hold, clock: Clock) -> None:
    provider = Provider()
    with unchanged():
        assert provider_call(row, provider.call, provider.find, now=clock.now) == DONE
    assert (provider.called, provider.sought) == ([row.key], [])


@pytest.mark.parametrize(
    "error", [Unreachable("APIConnectionError"), Declined("lost_card", None), Refused("missing", "InvalidRequest")]
)
def test_errors_reach_the_step(row: Hold, clock: Clock, error: Exception) -> None:
    provider = Provider(error=error)
    with unchanged(), pytest.raises(type(error)):
        provider_call(row, provider.call, provider.find, now=clock.now)
    assert provider.sought == ([] if isinstance(error, Unreachable) else [row.key])


@pytest.mark.parametrize("error", [Declined("lost_card", None), Refused("missing", "InvalidRequest")])
def test_a_refused_call_that_has_had_its_effect_is_not_a_refusal(row: Hold, clock: Clock, error: Exception) -> None:
    provider = Provider(error=error, effect=DONE)
    with unchanged():
        assert provider_call(row, provider.call, provider.find, now=clock.now) == DONE


@pytest.mark.parametrize(("effect", "calls"), [(DONE, 0), (None, 1)])
def test_an_old_key_is_used_only_if_it_had_no_effect(
    row: Hold, clock: Clock, effect: dict[str, Any] | None, calls: int
) -> None:
    provider = Provider(effect=effect)
    later = row.created_at + KEY_LIFE + timedelta(seconds=1)
    assert provider_call(row, provider.call, provider.find, now=later) == DONE
    assert (len(provider.called), provider.sought) == (calls, [row.key])


USED = [Unreachable("APIError", poisoned=True), KeyReused("IdempotencyError")]


@pytest.mark.parametrize("error", USED)
def test_the_effect_of_a_used_key_is_found(row: Hold, clock: Clock, error: Exception) -> None:
    provider = Provider(error=error, effect=DONE)
    with unchanged():
        assert provider_call(row, provider.call, provider.find, now=clock.now) == DONE
    assert provider.sought == [row.key]


@pytest.mark.parametrize("error", USED)
def test_a_used_key_without_effect_is_replaced_with_its_parameters(row: Hold, clock: Clock, error: Exception) -> None:
    provider = Provider(error=error)
    Hold.objects.update(next_step_at=None, parameters={"amount": 1})
    for turn in (2, 3):
        assert provider_call(fresh(row), provider.call, provider.find, now=clock.now) is None
        assert (fresh(row).key, fresh(row).next_step_at) == (f"{row.key}~{turn}", clock.now)
        assert fresh(row).parameters is None


def test_of_two_workers_the_first_decides_on_the_parameters(row: Hold) -> None:
    other = fresh(row)
    assert parameters_of(row, lambda: {"amount": 1}) == {"amount": 1}
    assert parameters_of(other, lambda: {"amount": 2}) == {"amount": 1}
    assert parameters_of(fresh(row), lambda: {"amount": 3}) == {"amount": 1}


def test_a_worker_whose_key_was_replaced_makes_no_call(row: Hold, clock: Clock) -> None:
    other = fresh(row)
    replace_key(row, clock.now)
    with unchanged(), pytest.raises(Unreachable):
        parameters_of(other, lambda: {"amount": 1})


def test_of_two_workers_one_replaces_the_key(row: Hold, clock: Clock) -> None:
    for _ in range(2):
        replace_key(row, clock.now)
    assert fresh(row).key == f"{row.key}~2"
