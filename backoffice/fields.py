"""Fields of forms in the admin, with its own look."""

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget


class WholeNumber(forms.IntegerField):
    """A whole number. A form's own field has the look of the browser, and no border here."""

    widget = UnfoldAdminIntegerFieldWidget
