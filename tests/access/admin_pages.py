"""The pages of the admin's models and the steps on them, as the registry has them, and what stands for their rows."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.urls import reverse

from accounts.models import Partner, User
from backoffice import steps
from backoffice.steps import Step
from core.errors import ServiceError
from tests.access.addresses import plain, walk
from tests.access.knocking import knock
from tests.access.people import Badge, City
from tests.fuzz.calls import UNKNOWN_ID

TAKE = steps.take
REFUSED = (401, 403, 404)
NOTHING = "nothing"
ABSENT = (UNKNOWN_ID, "0")
# A letter for each page: it stands in a cell if the page lets somebody in.
PAGES = {
    "l": ("GET", "changelist", "/"),
    "a": ("POST", "add", "/add/"),
    "v": ("GET", "change", "/<object_id>/change/"),
    "e": ("POST", "change", "/<object_id>/change/"),
    "h": ("GET", "history", "/<object_id>/history/"),
    "d": ("POST", "delete", "/<object_id>/delete/"),
}
SHORT_ADDRESS = "/<object_id>/"  # Django sends it on to the page of the row
OF_STAFF = "of staff"  # accounts of staff, and what they sign in with, have rules of their own
OF_ACCOUNTS = ("account.emailaddress", "accounts.user", "knox.authtoken", "mfa.authenticator")


def label(model: type[Model]) -> str:
    return model._meta.label_lower


def models() -> dict[str, type[Model]]:
    """The models with pages, by their names in the table."""
    return {label(model): model for model in admin.site._registry}


def every_model() -> list[str]:
    """The lines that admin.txt must have."""
    return sorted([*models(), *(f"{name} {OF_STAFF}" for name in OF_ACCOUNTS)])


def every_step() -> list[str]:
    """The lines that steps.txt must have: each step of each model, and on accounts of staff once more."""
    found = [
        f"{label(model)} {step}"
        for model, model_admin in admin.site._registry.items()
        for step in sorted({*_named(model_admin), *_listed(model_admin)})
    ]
    return sorted([*found, *(f"{step} {OF_STAFF}" for step in found if step.split()[0] in OF_ACCOUNTS)])


def _named(model_admin: Any) -> list[str]:
    return [step.name for step in getattr(model_admin, "steps", ())]


def _listed(model_admin: Any) -> list[str]:
    """The names of the actions of the list, those of steps without their ending."""
    actions = [action if isinstance(action, str) else action.__name__ for action in model_admin.actions or ()]
    return [action.removesuffix("_selected") for action in actions]


def unknown_addresses() -> list[str]:
    """Addresses of models' pages that are neither a page of every model nor a step of theirs."""
    known = {page for _, _, page in PAGES.values()} | {SHORT_ADDRESS}
    found = []
    for model, model_admin in admin.site._registry.items():
        taken = {f"/<object_id>/{step}/" for step in _named(model_admin)}
        routes = {plain(route) for route, _ in walk(model_admin.get_urls())}
        found += [f"{label(model)} {route}" for route in sorted(routes - known - taken)]
    return found


def rows(city: City) -> dict[str, str]:
    """A row of each model, by its name in the table. Where the world has none, an id that is not there."""
    found: dict[str, str] = {}
    for name, model in models().items():
        row = model._default_manager.order_by("pk").first()
        found[name] = str(row.pk if row else ABSENT[model._meta.pk.get_internal_type() != "UUIDField"])
        if name in OF_ACCOUNTS:
            for account, title in ((city.world.stroller, name), (city.world.staff, f"{name} {OF_STAFF}")):
                row = account if model is User else model._default_manager.filter(user=account).first()
                assert row, f"no {title}"
                found[title] = str(row.pk)
    return found


def address(model: type[Model], page: str, *args: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def pages_of(badge: Badge | None, name: str, row: str) -> str:
    """The letters of the pages that let somebody in, or the one word for all that comes back where none does."""
    model, letters, refused = models()[name.split(maxsplit=1)[0]], "", []
    for letter, (method, page, route) in PAGES.items():
        path = address(model, page, *([row] if "<" in route else []))
        word = knock(badge, method, path, {})
        if word == "in" or (word == "away" and row in ABSENT and letter != "h"):  # an absent row's history is nobody's
            letters += letter
        else:
            refused.append("404" if word == "away" else word)
    return letters or "+".join(dict.fromkeys(refused))


class Taken:
    """The results of the steps that were taken: `in`, also if the state forbids it, or the refusal's status.

    A step may refuse on its own, so it counts what the service says and not that it was called.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.words: list[str] = []
        monkeypatch.setattr(steps, "take", self._take)

    def _take(self, model_admin: Any, request: Any, step: Step, rows: list[Any], said: dict[str, Any]) -> None:
        def run(*args: Any, **values: Any) -> str | None:
            self.words.append("in")
            try:
                return step.run(*args, **values)
            except ServiceError as error:
                self.words[-1] = str(error.status) if error.status in REFUSED else "in"
                raise

        if not rows:  # the list took the step with nothing
            self.words.append(NOTHING)
        TAKE(model_admin, request, replace(step, run=run), rows, said)

    def of(self, word: str) -> str:
        """The result of a call that was answered by this word. A page for a step that was not taken is a refusal."""
        taken, self.words = self.words, []
        return "+".join(taken) or ("403" if word in ("in", "away") else word)


def step_of(badge: Badge | None, name: str, row: str, taken: Taken) -> str:
    """The results of a step's button, confirmed, and of the same action on the list; one word if they agree."""
    model_name, step, *_ = name.split()
    model = models()[model_name]
    partner = str(Partner.objects.values_list("pk")[0][0])
    confirmed = {"_form_submitted": "on", "reason": "Because", "partner": partner, "days": "14"}
    button = taken.of(knock(badge, "POST", address(model, step, row), confirmed))
    selected = {**confirmed, "action": f"{step}_selected", ACTION_CHECKBOX_NAME: row}
    chosen = taken.of(knock(badge, "POST", address(model, "changelist"), selected))
    if chosen == NOTHING:  # of a row that is not there, or that is not there for this account
        return "in" if row in ABSENT else "404"
    return chosen if button == chosen or row in ABSENT else f"{button}+{chosen}"
