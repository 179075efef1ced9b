"""Whatever talks to Valkey, the broker, the provider or a push service refuses to inside a transaction."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

import positions
from core import jobs, outward, valkey
from core.transactions import InsideTransaction
from notifications import events, push_service, web_push
from payments.provider import gateway
from positions import Search

SCRIPT = valkey.Script("return 1")


def in_a_pipeline() -> None:
    pipe = valkey.client().pipeline(transaction=False)
    pipe.get("a")
    pipe.execute()


def watched() -> None:
    with valkey.client().pipeline() as pipe:
        pipe.watch("a")


def subscribed() -> None:
    with valkey.client().pubsub() as pubsub:
        pubsub.subscribe("a")


def locked() -> None:
    with valkey.client().lock("a", timeout=1):
        pass


def device_of(recipient: str) -> Any:
    return web_push.PushSubscription(recipient=recipient, endpoint="https://updates.push.services.mozilla.com/x")


USES: dict[str, Callable[[], object]] = {
    "a command": lambda: valkey.client().get("a"),
    "a scan": lambda: list(valkey.client().scan_iter()),
    "a pipeline": in_a_pipeline,
    "a watched key": watched,
    "a script": lambda: SCRIPT([], []),
    "a script for many": lambda: SCRIPT.pipelined([([], [])]),
    "a lock": locked,
    "a subscription": subscribed,
    "Django's cache": lambda: cache.set("a", 1),
    "a push to sockets": lambda: events.push_heads({}, epoch=1),
    "a search": lambda: positions.nearest_to_many("nyc", [Search(40.7, -74.0, 1000.0, 1)], received_since=None),
    "a task": lambda: jobs.enqueue("match_region", "nyc", expires_s=1),
    "the payment provider": lambda: gateway._call(dict, {}),
    "a stranger's address": lambda: outward.post("https://example.test/", body=b"", headers={}),
    "a push service": lambda: push_service.send(device_of("partner:1"), push_service.Message("{}", 1, "t")),
}


@pytest.mark.django_db
@pytest.mark.parametrize("use", USES)
def test_no_use_of_the_network_inside_a_transaction(use: str) -> None:
    with transaction.atomic(), pytest.raises(InsideTransaction):
        USES[use]()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "use", [use for use in USES if use not in ("the payment provider", "a push service", "a stranger's address")]
)
def test_outside_of_one_it_works(use: str) -> None:
    USES[use]()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_open_before_refuses_as_well() -> None:
    with valkey.client().pubsub() as pubsub:
        pubsub.subscribe("a")
        with transaction.atomic(), pytest.raises(InsideTransaction):
            pubsub.subscribe("b")


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_commit_runs_outside() -> None:
    said: list[Any] = []
    with transaction.atomic():
        transaction.on_commit(lambda: said.append(valkey.client().ping()))
    assert said == [True]


@pytest.mark.django_db
def test_it_is_taken_for_no_failure_of_the_network() -> None:
    """Whoever can do without an answer must not do without this one."""
    assert not issubclass(InsideTransaction, (valkey.Unreachable, gateway.ProviderError, *jobs.BROKER_AWAY))
    with transaction.atomic(), pytest.raises(InsideTransaction):
        positions.serve("nyc", device_of("").pk, None)  # swallows a Valkey that is away
