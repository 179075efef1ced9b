"""What makes the pages an app: manifest, service worker, offline page; and the files for robots."""

import json
import re
import struct
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from web.app_files import SHELL
from web.tests.browse import browser_of, text_of


def test_the_manifest_and_its_icons(db: None) -> None:
    answer = browser_of(None).get("/manifest.webmanifest", headers={"Accept-Language": "de"})
    assert answer["Content-Type"] == "application/manifest+json"
    body = json.loads(answer.content)
    assert (body["start_url"], body["scope"], body["display"]) == ("/", "/", "standalone")
    assert body["lang"] == "de"
    assert {icon["purpose"] for icon in body["icons"]} == {"any", "maskable"}
    for icon in body["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(path, str)
        with open(path, "rb") as file:
            head = file.read(24)
        assert head.startswith(b"\x89PNG")
        assert "x".join(str(side) for side in struct.unpack(">II", head[16:24])) == icon["sizes"]


def test_the_service_worker(db: None) -> None:
    answer = browser_of(None).get("/sw.js")
    assert answer["Content-Type"] == "text/javascript"
    assert answer["Cache-Control"] == "no-cache"
    text = answer.content.decode()
    shell = json.loads(re.search(r"^const SHELL = (.*);$", text, re.M)[1])  # type: ignore[index]
    assert shell == [f"/static/{path}" for path in SHELL]
    assert 'const OFFLINE = "/offline";' in text
    assert all(finders.find(path) for path in SHELL)
    assert ("importScripts" in text) == bool(finders.find("js/sw-push.js"))


def test_the_offline_page_is_about_nobody(user: User) -> None:
    page = browser_of(user).get("/offline")
    assert "You are offline" in text_of(page)
    assert user.email not in page.content.decode()
    assert "csrf" not in page.content.decode()


def test_robots_and_sitemap(db: None) -> None:
    client = Client()
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /account/" in text
    assert "Sitemap: http://testserver/sitemap.xml" in text
    pages = re.findall(r"<loc>http://testserver([^<]+)</loc>", client.get("/sitemap.xml").content.decode())
    assert "/help" in pages
    for path in pages:
        assert browser_of(None).get(path).status_code == 200, path


def test_public_pages_say_what_they_are(nyc: object) -> None:
    descriptions = set()
    for path in ("/", "/help", "/terms", "/privacy"):
        page = browser_of(None).get(path)
        assert page.status_code == 200
        found = re.search(r'<meta name="description" content="([^"]{20,})">', page.content.decode())
        assert found, path
        descriptions.add(found[1])
    assert len(descriptions) == 4


@pytest.mark.parametrize("debug", [True, False])
def test_developers_are_told_that_lawyers_write_these(debug: bool, db: None, settings: Any) -> None:
    settings.DEBUG = debug
    for path in ("/terms", "/privacy"):
        assert ("Placeholder" in text_of(browser_of(None).get(path))) == debug
