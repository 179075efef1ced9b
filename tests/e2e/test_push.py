"""An offer whose partner has no page open, from the request to the push service, on the running program."""

import pytest

from testbed.push_service import push_service, signed_claims
from testbed.stack import Stack

pytestmark = pytest.mark.e2e

PLACE = {"lat": 40.7484, "lng": -73.9857}


def test_an_offer_that_finds_no_socket_is_pushed_to_the_offered_partner_only(stack: Stack) -> None:
    user = stack.token("user5@demo.test")
    offered, other = stack.token("partner4@demo.test"), stack.token("partner5@demo.test")
    with push_service() as service:
        browser, strangers = service.browser(), service.browser()
        for token, theirs in ((offered, browser), (other, strangers)):
            status, answer = stack.call("POST", "/pushSubscription", theirs.subscription(), token)
            assert status == 204, answer
        stack.call("POST", "/updateLocation", {"location": PLACE}, offered)
        assert stack.call("POST", "/partner/status", {"status": "available"}, offered)[0] == 200
        try:
            status, request = stack.call("POST", "/cheerRequest", {"location": PLACE}, user)
            assert status == 201, request
            browser.wait(1, timeout_s=15)
            [shown] = browser.shown()
            assert shown["type"] == "offer"
            _, key = stack.call("GET", "/pushKey")
            assert signed_claims(browser.messages()[0], key["publicKey"])["aud"].endswith(f":{service.port}")
            assert strangers.messages() == []
        finally:
            stack.call("POST", f"/cheerRequest/{request['requestId']}/cancel", {}, user)
            stack.call("POST", "/partner/status", {"status": "offline"}, offered)
