"""What the request screen weighs, map and all, as it travels."""

import gzip
from collections.abc import Callable

import pytest
from playwright.sync_api import Response

from tests.browser.people import Cast
from tests.browser.screens import Visit

pytestmark = pytest.mark.browser
BUDGET_BYTES = 250_000


def test_the_request_screen_is_light(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit().sign_in(cast.user())
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    user.page.on("response", keep)
    user.go("/")
    user.page.locator("#map .map-park").wait_for(state="attached")  # the map's own data have come as well
    user.page.wait_for_load_state("networkidle")
    weights = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    assert any("leaflet.js" in url for url in weights)
    assert any("new-york.json" in url for url in weights)
    assert all(url.startswith(user.url) for url in weights)
    assert sum(weights.values()) < BUDGET_BYTES, sorted(weights.items(), key=lambda pair: -pair[1])[:8]
