"""The documentation agrees with the repository: links resolve, named files exist, and every page can be reached."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INDEX = ROOT / "docs" / "README.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
PAGES = sorted(
    page
    for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md", "static/*/README.md", "tests/*/README.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts  # the TypeScript example's packages
)
# A record and the changelog tell how things were on their day, so the files that they name may have moved since.
OF_TODAY = [page for page in PAGES if page not in DECISIONS and page.name != "CHANGELOG.md"]

FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
ELSEWHERE = re.compile(r"^[a-z]+:")  # https:, mailto:
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NAMED_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:css|html|ini|js|json|md|po|py|svg|toml|txt|yml)")
NAMED_FOLDER = re.compile(r"(?:[\w.-]+/)+")
# Made by a run, part of a package that something was taken from, made by an installation.
NOT_HERE = {"var/", "dist/", "node_modules/"}


def name_of(page: Path) -> str:
    """The path of a page from the repository's root; it names the test's case."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return FENCE.sub("", page.read_text())


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file and the fragment that each relative link of a page leads to."""
    for target in LINK.findall(CODE.sub("", prose(page))):
        if not ELSEWHERE.match(target):
            path, _, fragment = target.partition("#")
            yield (page.parent / path).resolve() if path else page, fragment


def named(text: str) -> set[str]:
    """The files and folders that a text names in backticks."""
    names = CODE.findall(text)
    return {name for name in names if NAMED_FILE.fullmatch(name) or NAMED_FOLDER.fullmatch(name)} - NOT_HERE


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as code hosts make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(page))}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    broken = [
        f"{target}#{fragment}"
        for target, fragment in links(page)
        if not target.exists() or (fragment and fragment not in anchors(target))
    ]
    assert broken == []


@pytest.mark.parametrize("page", OF_TODAY, ids=name_of)
def test_every_file_and_folder_named_exists(page: Path) -> None:
    """A path in backticks leads from the root, as in the code, or from the page's own folder, as in a README."""
    missing = {name for name in named(prose(page)) if not (ROOT / name).exists() and not (page.parent / name).exists()}
    assert missing == set()


def test_the_first_change_names_files() -> None:
    """The walk is found and read, so that the test above has something to hold it against."""
    _, walk = prose(ROOT / "CONTRIBUTING.md").split("## Your first change")
    folders = {name.partition("/")[0] for name in named(walk)}
    assert {"requests_app", "static", "templates", "tests", "web"} <= folders


def test_every_page_of_the_docs_is_reachable_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [INDEX]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [target for target, _ in links(page) if target.suffix == ".md" and target.exists()]
    assert [name_of(page) for page in PAGES if page.is_relative_to(INDEX.parent) and page not in reached] == []


def test_the_readme_leads_to_the_index_and_to_contributing() -> None:
    targets = {target for target, _ in links(ROOT / "README.md")}
    assert {INDEX, ROOT / "CONTRIBUTING.md", ROOT / "LICENSE"} <= targets


def test_decisions_are_numbered_and_listed_as_they_are() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert [int(record.name[:4]) for record in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for record in DECISIONS:
        found = re.match(r"# (\d{4})\. (.+)\n\n- Status: (.+)\n- Date: (\d{4}-\d\d-\d\d)\n", record.read_text())
        assert found is not None, record.name
        number, title, status, date = found.groups()
        assert f"| {number} | [{title}]({record.name}) | {date} | {status} |" in index
