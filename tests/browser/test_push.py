"""Offers and words as notifications: the service worker shows what is pushed, and a click opens its page."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testbed.processes import wait_until
from testbed.stack import Stack
from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Visit

pytestmark = pytest.mark.browser

SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map(({ title, body, tag }) => ({ title, body, tag }))"""
CLICKED = """async (source) => {
    const [handlers, done] = [{}, []];
    const page = { url: location.href, focus: async () => done.push("focus") };
    const scope = {
        self: { addEventListener: (name, handler) => (handlers[name] = handler), location },
        clients: { matchAll: async () => [page], openWindow: async (url) => done.push(String(url)) },
        registration: {},
    };
    new Function(...Object.keys(scope), source)(...Object.values(scope));
    for (const url of ["/partner", "/elsewhere", "https://evil.example/"]) {
        let wait = null;
        const notification = { data: { url }, close: () => done.push("close") };
        handlers.notificationclick({ notification, waitUntil: (promise) => (wait = promise) });
        await wait;
    }
    return done;
}"""


ACTIVATED = """async () => {
    await navigator.serviceWorker.register("/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    while (active.state !== "activated")
        await new Promise((changed) => active.addEventListener("statechange", changed, { once: true }));
}"""


def offer(offer_id: str, seconds: float) -> dict[str, Any]:
    expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return {
        "type": "offer",
        "offerId": offer_id,
        "requestType": "pep_talk",
        "distanceM": 512,
        "expiresAt": expires_at,
        "url": "/partner",
        "title": "Jemand braucht Zuspruch",
        "body": "Mut machen, 510 m entfernt. %(seconds)s Sekunden zum Antworten.",
        "late": {"title": "Verpasst", "body": "Die Zeit war um."},
    }


WORD = {
    "type": "word",
    "kind": "coming",
    "tag": "0198",
    "url": "/cheer/0198",
    "title": "Jemand ist unterwegs",
    "body": "Sieh nach, wie weit es noch ist.",
}


def test_what_is_pushed_is_shown_and_opens_the_console(stack: Stack, cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE, worker=True).sign_in(cast.partner())
    page = partner.page
    page.context.grant_permissions(["notifications", "geolocation"], origin=stack.url)
    page.goto(f"{stack.url}/partner")
    partner.see("Notify me")
    page.evaluate(ACTIVATED)
    devtools = page.context.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(
            found["registrationId"]
            for found in event["registrations"]
            if found["scopeURL"].startswith(stack.url) and not found["isDeleted"]
        ),
    )
    devtools.send("ServiceWorker.enable")
    wait_until(lambda: page.evaluate("1") and registrations, 30, "the worker is known")

    def push(content: dict[str, Any]) -> None:
        where = {"origin": stack.url, "registrationId": registrations[-1]}
        devtools.send("ServiceWorker.deliverPushMessage", {**where, "data": json.dumps(content)})

    def shows(content: dict[str, Any]) -> bool:
        """Push, and tell whether it shows by now. DevTools does not say whether a push has reached the worker."""
        push(content)
        return content.get("offerId", content.get("tag")) in {found["tag"] for found in page.evaluate(SHOWN)}

    wait_until(lambda: shows(offer("one", 199.9)), 30, "an offer is shown")
    push(offer("one", 199.9))
    wait_until(lambda: shows(offer("two", -1)), 30, "a late one is shown")
    assert len(page.evaluate(SHOWN)) == 2
    by_tag = {found["tag"]: found for found in page.evaluate(SHOWN)}
    assert by_tag["one"]["title"] == "Jemand braucht Zuspruch"
    assert by_tag["one"]["body"].startswith("Mut machen, 510 m entfernt. 1")
    assert by_tag["two"]["title"] == "Verpasst"

    wait_until(lambda: shows(WORD), 30, "a word is shown")
    assert [found for found in page.evaluate(SHOWN) if found["tag"] == WORD["tag"]] == [
        {name: WORD[name] for name in ("title", "body", "tag")}
    ]

    source = page.request.get(f"{stack.url}/static/js/sw-push.js").text()
    done = page.evaluate(CLICKED, source)
    assert done == ["close", "focus", "close", f"{stack.url}/elsewhere", "close"]
