"""The pages. They only read; everything that changes something is a call of the API."""

from django.urls import path
from django.views.generic import RedirectView

from web import views

urlpatterns = [
    path("", views.home, name="home"),
    path("cheer/<uuid:request_id>", views.cheer, name="cheer"),
    path("shared/<str:token>", views.shared, name="shared-cheer"),
    path("history", views.history, name="history"),
    path("partner", views.partner, name="partner"),
    path("partner/earnings", views.earnings, name="partner-earnings"),
    path("become-a-partner", views.become_a_partner, name="become-a-partner"),
    path("staff/", views.staff, name="staff"),
    # Browsers ask for it unprompted on pages that name no icon, such as JSON.
    path("favicon.ico", RedirectView.as_view(url="/static/icons/favicon.svg")),
]
