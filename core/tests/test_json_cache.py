"""The cache stores JSON: what somebody plants in Valkey is data, never code."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from core import valkey


class Bomb:
    """A pickle that makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made"


def plant(folder: Path) -> int:
    """Put the pickle in the place of each value that the cache has."""
    keys = list(valkey.client().scan_iter("cache*"))
    for key in keys:
        valkey.client().set(key, pickle.dumps(Bomb(folder)), keepttl=True)
    return len(keys)


def test_a_planted_pickle_does_nothing(folder: Path) -> None:
    cache.set("a", [1])
    assert plant(folder) == 1
    assert (cache.get("a", "absent"), cache.get_many(["a", "b"]), folder.exists()) == ("absent", {}, False)
    cache.set("a", [2])
    assert cache.get("a") == [2]


@pytest.mark.parametrize("planted", [b"\x80\x04", b"[1", b"nan{}", b"\xff", b"[" * 100_000, b"1" * 5000])
def test_what_is_no_json_is_absent(planted: bytes) -> None:
    cache.set("a", 1)
    valkey.client().set(cache.make_key("a"), planted)
    assert cache.get("a", "absent") == "absent"


def test_a_page_that_counts_does_not_run_what_was_planted(user: User, folder: Path) -> None:
    page = Client()

    def reset() -> int:
        return page.post("/account/password/reset/", {"email": user.email}).status_code

    assert reset() == 302
    assert plant(folder) > 0
    assert reset() == 302
    assert not folder.exists()


@pytest.mark.parametrize("value", [None, True, 0, 2**70, 1.5, "é\u2028", [], {"a": [1, {"b": None}]}])
def test_what_is_stored_comes_back(value: Any) -> None:
    cache.set("a", value)
    assert cache.get("a", "absent") == value
    assert cache.get_many(["a"]) == {"a": value}


def test_numbers_count() -> None:
    cache.set("a", 1)
    assert cache.incr("a", 2) == 3
    assert cache.add("a", 9) is False


@pytest.mark.parametrize("value", [(1,), {1: 2}, {"a": {2}}, b"a", object(), float("nan"), User(), [Bomb(Path())]])
def test_what_json_would_change_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        cache.set("a", value)
