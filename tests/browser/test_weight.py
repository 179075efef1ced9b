"""What the request screen weighs, map and all, as it travels."""

import gzip
from collections.abc import Callable

import pytest

from tests.browser.people import Cast
from tests.browser.screens import Visit

pytestmark = pytest.mark.browser
BUDGET_BYTES = 250_000
LOADED = "[location.href, ...performance.getEntriesByType('resource').map(({ name }) => name)]"


def test_the_request_screen_is_light(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit().sign_in(cast.user())
    user.go("/")
    user.page.locator("#map .map-park").wait_for(state="attached")  # the map's own data have come as well
    user.page.wait_for_load_state("networkidle")
    urls = set(user.page.evaluate(LOADED))
    assert any("leaflet.js" in url for url in urls)
    assert any("new-york.json" in url for url in urls)
    assert all(url.startswith(user.url) for url in urls)
    weights = {url: len(gzip.compress(user.page.request.get(url).body())) for url in urls}
    assert sum(weights.values()) < BUDGET_BYTES, sorted(weights.items(), key=lambda pair: -pair[1])[:8]
