"""Every address, method by method, lets in whom the tables name (api.txt, pages.txt) and nobody else."""

import json

import pytest
from django.test import override_settings

from speedycheers.urls import api
from tests.access.addresses import every_call, path_of, plain, values
from tests.access.knocking import knock
from tests.access.people import KNOCKING, City
from tests.access.tables import Try, assert_cells, assert_listed
from tests.fuzz.calls import GOOD, sign
from tests.fuzz.world import rolled_back

API = {plain(str(pattern.pattern)): str(pattern.pattern) for pattern in api}
API_CALLS = [call for call in every_call() if call.split()[1] in API]
PAGE_CALLS = [call for call in every_call() if call.split()[1] not in API]
everybody = pytest.mark.parametrize("who", KNOCKING)


def of_api(city: City) -> Try:
    """Tries a call that would succeed for whom it concerns, by a token and by a session, which are held to the same."""
    names = values(city)

    def attempt(who: str, call: str) -> str:
        method, route = call.split()
        path, badge = path_of(route, names), city.badge(who, route)
        # Payments ask whose they are where cards are charged. Nobody has one, so the provider is not called.
        key = "sk_test_access" if "<payment_id>" in route else ""
        with rolled_back(), override_settings(STRIPE_SECRET_KEY=key):
            body, headers = b"{}", {}
            if method == "POST" and (make := GOOD.get(API[route])):
                good = make(city.world)
                path, body = path_of(route, dict.fromkeys(names, good.id)), json.dumps(good.body).encode()
                headers = {"Stripe-Signature": sign(body)} if good.signed else {}
            cells = [
                knock(badge, method, path, body, by_token=by_token, page=False, headers=headers)
                for by_token in (True, False)
            ]
        return "/".join(dict.fromkeys(cells))

    return attempt


def of_pages(city: City) -> Try:
    """Tries a page as a browser does."""
    names = values(city)

    def attempt(who: str, call: str) -> str:
        method, route = call.split()
        return knock(city.badge(who, route), method, path_of(route, names), {})

    return attempt


def test_every_call_of_the_api_is_listed(city: City) -> None:
    assert_listed("api", API_CALLS, of_api(city))


def test_every_page_is_listed(city: City) -> None:
    assert_listed("pages", PAGE_CALLS, of_pages(city))


@everybody
def test_the_api_lets_in_whom_the_table_names(who: str, city: City) -> None:
    assert_cells("api", who, of_api(city))


@everybody
def test_pages_let_in_whom_the_table_names(who: str, city: City) -> None:
    assert_cells("pages", who, of_pages(city))
