"""How pages and their files travel: few, compressed, and named early."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from accounts.models import User
from web.sources import parts, source_text, whole_sheet
from web.storage import StaticFiles
from web.templatetags.cheers import script
from web.tests.browse import browser_of

SHEETS = sorted(path.name for path in Path("static/css").glob("*.css"))


def test_a_whole_sheet_has_every_part_once_and_in_order() -> None:
    whole = whole_sheet("css/partner.css", source_text)
    assert "@import" not in whole
    order = ["tokens", "base", "frame", "components", "forms", "stage", "cheer", "offer", "partner"]
    ends = [source_text(f"css/{name}.css")[-160:] for name in order]
    assert [whole.count(end) for end in ends] == [1] * len(ends)
    places = [whole.index(end) for end in ends]
    assert places == sorted(places)


def test_imports_come_first_in_a_sheet_and_each_is_there() -> None:
    for name in SHEETS:
        text = source_text(f"css/{name}")
        rules = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).strip()
        while rules.startswith("@import"):
            rules = rules.partition(";")[2].strip()
        assert "@import" not in rules, name
        assert all(finders.find(part) for part in parts(f"css/{name}")), name


def test_production_serves_one_sheet_a_page(tmp_path: Path) -> None:
    sources = FileSystemStorage("static")
    storage = StaticFiles(location=tmp_path, base_url="/static/")
    names = [
        *(f"css/{name}" for name in SHEETS),
        *(f"vendor/bricolage-grotesque/{n}.woff2" for n in ("latin", "latin-ext")),
    ]
    for name in names:
        with sources.open(name) as file:
            storage._save(name, file)
    list(storage.post_process({name: (sources, name) for name in names}))
    served = (tmp_path / storage.stored_name("css/request.css")).read_text()
    assert "@import" not in served
    assert "--marigold:" in served  # of tokens.css
    assert re.search(r'url\("\.\./vendor/bricolage-grotesque/latin\.[0-9a-f]{12}\.woff2"\)', served)
    assert (tmp_path / (storage.stored_name("css/request.css") + ".gz")).exists()


def test_a_script_names_all_that_it_imports() -> None:
    tag = str(script("js/request.js"))
    named = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)" fetchpriority="low">', tag)
    assert named == list(parts("js/request.js"))
    assert {"js/map.js", "js/i18n.js"} <= set(named)
    assert tag.endswith('<script type="module" src="/static/js/request.js" fetchpriority="low"></script>')


@pytest.mark.parametrize("accepts", ["gzip, br", ""])
def test_pages_travel_compressed_for_who_can_read_it(db: None, accepts: str) -> None:
    page = browser_of(None).get("/", headers={"Accept-Encoding": accepts} if accepts else {})
    assert page.get("Content-Encoding") == ("gzip" if accepts else None)
    content = gzip.decompress(page.content) if accepts else page.content
    assert b"Someone shows up and cheers you on" in content
    assert "Accept-Encoding" in page["Vary"]


def test_answers_of_the_api_stay_as_they_are(user: User) -> None:
    answer = browser_of(user).get("/me", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer
    assert answer.json()["email"] == user.email
