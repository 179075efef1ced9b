"""Every page of the admin's models and every step lets in whom the tables name (admin.txt, steps.txt), nobody else."""

import pytest

from tests.access import admin_pages
from tests.access.admin_pages import Taken, every_model, every_step, pages_of, step_of, unknown_addresses
from tests.access.people import PEOPLE, STAFF, City
from tests.access.tables import Try, assert_cells, assert_listed

# Without a second factor no right counts, as the tables of addresses show; the most powerful stand for all.
WHO = (*PEOPLE, *STAFF, "superuser, no factor")
everybody = pytest.mark.parametrize("who", WHO)


def of_pages(city: City) -> Try:
    """Tries the pages of a model."""
    rows = admin_pages.rows(city)
    return lambda who, name: pages_of(city.badge(who), name, rows[name])


def of_steps(city: City, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Tries a step, and the same on the list."""
    rows, taken = admin_pages.rows(city), Taken(monkeypatch)

    def attempt(who: str, name: str) -> str:
        model, _, *whose = name.split()
        return step_of(city.badge(who), name, rows[" ".join([model, *whose])], taken)

    return attempt


def test_every_model_is_listed(city: City) -> None:
    assert_listed("admin", every_model(), of_pages(city), WHO)


def test_every_step_is_listed(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_listed("steps", every_step(), of_steps(city, monkeypatch), WHO)


def test_models_have_no_other_addresses() -> None:
    assert not unknown_addresses(), "Addresses of the admin that no table speaks of: give them a letter or a row."


@everybody
def test_pages_let_in_whom_the_table_names(who: str, city: City) -> None:
    assert_cells("admin", who, of_pages(city))


@everybody
def test_steps_are_for_whom_the_table_names(who: str, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_cells("steps", who, of_steps(city, monkeypatch))
