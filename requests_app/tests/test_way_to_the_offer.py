"""The way of a request to its offer: the files that somebody has to read to follow it."""

import sys
from collections.abc import Callable
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar
from uuid import uuid4

from rest_framework.test import APIClient

from accounts.models import Partner
from regions.selectors import forget_policies, forget_regions
from requests_app.models import Offer
from requests_app.selectors import request_types_by_slug
from tests.cast import EMPIRE_STATE, at

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]

# In reading order. A new stop on the way is written here; MAX_FILES says how many there may be.
WAY = (
    "requests_app/apis.py",
    "requests_app/serializers.py",
    "requests_app/selectors.py",
    "requests_app/services.py",
    "regions/selectors.py",
    "regions/geometry.py",
    "requests_app/bookings.py",
    "payments/configuration.py",
    "requests_app/matching/immediate.py",
    "positions/search.py",
    "positions/layout.py",
    "requests_app/locks.py",
    "accounts/partners.py",
    "positions/live.py",
    "requests_app/offers.py",
    "requests_app/announce.py",
    "requests_app/read_model.py",
    "notifications/events.py",
)
MAX_FILES = 18

# The apps whose files are counted. `api`, `core` and middleware are shared by all endpoints, and so are the files of
# `accounts` that also run when a user reads something unrelated: they are read once, not for this way.
APPS = ("accounts", "notifications", "payments", "positions", "regions", "requests_app", "rides")


def files_run(call: Callable[[], T]) -> tuple[T, set[str]]:
    """Call, and list the files of ours, from the root, in which a function ran meanwhile in this thread."""
    seen: set[str] = set()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_flags & CO_OPTIMIZED:  # not the body of a module or a class
            seen.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        result = call()
    finally:
        sys.setprofile(before)
    paths = [Path(name) for name in seen]
    ours = {path.relative_to(ROOT) for path in paths if path.is_relative_to(ROOT)}
    return result, {path.as_posix() for path in ours if "tests" not in path.parts}


def test_the_way_to_the_offer_is_short(user_api: APIClient, partner: Partner) -> None:
    _, unrelated = files_run(lambda: user_api.get("/savedPlace"))
    shared = {name for name in unrelated if name.startswith("accounts/")}
    forget_regions()
    forget_policies()
    request_types_by_slug.forget()
    body = {"location": at(EMPIRE_STATE), "requestType": "pep_talk"}
    key = {"Idempotency-Key": str(uuid4())}

    answer, files = files_run(lambda: user_api.post("/cheerRequest", body, headers=key))

    assert answer.status_code == 201
    assert Offer.objects.get().partner == partner
    assert {name for name in files if name.split("/")[0] in APPS} - shared == set(WAY)
    assert len(WAY) <= MAX_FILES
