"""The operator's handbook: every step of the admin is explained, every alert is listed, and a page is short."""

import re
from pathlib import Path

import pytest
from django.contrib import admin

from alerts.rules import RULES
from backoffice.steps import Step
from ops.admin_site import SECTIONS, WAITING
from ops.staff_roles import ROLES
from tests.test_docs import anchors, links

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "handbook"
PAGES = {page.name: page for page in sorted(FOLDER.glob("*.md"))}
TASKS = [name for name in PAGES if name != "README.md"]
LINES_MAX = 80
WHOLE = {name: title for title, (name, query) in WAITING.items() if not query}  # lists of which every row waits
MENU = WHOLE | {name: title for items in SECTIONS.values() for title, _, name in items}


def steps() -> list[tuple[str, Step]]:
    """Each step of the admin, with the menu's name of the list that has it."""
    return [
        (MENU[f"{model._meta.app_label}_{model._meta.model_name}"], step)
        for model, model_admin in admin.site._registry.items()
        for step in getattr(model_admin, "steps", ())
    ]


def told(page: Path) -> set[str]:
    """What a page says in italics: the words that are read in the admin."""
    return set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", page.read_text()))


def names(page: Path, title: str) -> bool:
    """Whether a page names a list of the menu, perhaps with its section, or in another form of its rows that wait."""
    words = {word for each in told(page) for word in (each, each.rpartition(" → ")[2])}
    also = {"Requests": "Dead letters", "Partners": "Applications", "Payments": "Unpaid"}
    assert {*also.values(), *WHOLE.values()} == set(WAITING)
    return title in words or also.get(title) in words


def test_there_are_steps() -> None:
    assert len(steps()) > 30


@pytest.mark.parametrize(("title", "step"), steps(), ids=lambda each: getattr(each, "name", each))
def test_a_step_is_explained_where_its_list_is_named(title: str, step: Step) -> None:
    assert [name for name in TASKS if step.title in told(PAGES[name]) and names(PAGES[name], title)], (
        f"Say in docs/handbook/ what *{step.title}* in the list *{title}* is for."
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_an_alert_leads_to_its_section_of_the_runbook(rule: object) -> None:
    found = [(target, fragment) for target, fragment in links(PAGES["alerts.md"]) if fragment == rule.name.lower()]  # type: ignore[attr-defined]
    assert len(found) == 1
    assert found[0][1] in anchors(found[0][0])


def test_the_index_has_every_page() -> None:
    assert {target.name for target, _ in links(PAGES["README.md"]) if target.parent == FOLDER} == set(TASKS)


def test_new_colleagues_are_given_roles_that_there_are() -> None:
    text = PAGES["colleagues.md"].read_text()
    assert all(re.search(rf"\| {role} \|", text) for role in ROLES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_short(name: str) -> None:
    assert len(PAGES[name].read_text().splitlines()) <= LINES_MAX
