"""Every field of a form in the admin has the admin's look."""

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.test import RequestFactory

from accounts.models import User

pytestmark = pytest.mark.django_db
OTHERS = (forms.HiddenInput, forms.MultipleHiddenInput, FilteredSelectMultiple)  # unseen, or styled as it is


def test_every_field_has_the_admins_look(staff: User, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = staff
    seen = 0
    for model, page in admin.site._registry.items():
        if not page.has_add_permission(request):
            continue
        for name, field in page.get_form(request).base_fields.items():
            widget = getattr(field.widget, "widget", field.widget)  # of one around another
            look = {kind.__module__.partition(".")[0] for kind in type(widget).__mro__}
            assert isinstance(widget, OTHERS) or "unfold" in look, f"{model.__name__}.{name}: {type(widget).__name__}"
            seen += 1
    assert seen > 20
