"""The keys that sign pushes, made once by whoever needs them first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import py_vapid

from notifications.push_service import _stored_key

THREADS = 8


def test_threads_that_make_the_keys_at_once_have_the_same(tmp_path: Path) -> None:
    """A process that signed with other keys than those in the file would send pushes that no browser shows."""
    path = tmp_path / "var" / "vapid.pem"
    together = Barrier(THREADS)

    def key(_: int) -> bytes:
        together.wait()
        return _stored_key(path)

    with ThreadPoolExecutor(THREADS) as pool:
        keys = set(pool.map(key, range(THREADS)))
    assert keys == {path.read_bytes()}
    assert py_vapid.Vapid02.from_pem(path.read_bytes()).private_key
    assert [file.name for file in path.parent.iterdir()] == ["vapid.pem"]
    assert path.stat().st_mode & 0o777 == 0o600
