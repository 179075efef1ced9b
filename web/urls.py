"""The pages. They only read; everything that changes something is a call of the API."""

from django.urls import path
from django.views.generic import RedirectView

from web import views, wallet

urlpatterns = [
    path("", views.home, name="home"),
    path("cheer/<uuid:request_id>", views.cheer, name="cheer"),
    path("history", views.history, name="history"),
    path("wallet", wallet.wallet, name="wallet"),
    path("wallet/confirm/payment/<uuid:waiting_id>", wallet.confirm, {"kind": "payment"}, name="confirm-payment"),
    path("wallet/confirm/hold/<uuid:waiting_id>", wallet.confirm, {"kind": "hold"}, name="confirm-hold"),
    path("partner", views.partner, name="partner"),
    path("partner/earnings", views.earnings, name="partner-earnings"),
    path("partner/statement", wallet.statement, name="partner-statement"),
    path("become-a-partner", views.become_a_partner, name="become-a-partner"),
    path("staff/", views.staff, name="staff"),
    # Browsers ask for it unprompted on pages that name no icon, such as JSON.
    path("favicon.ico", RedirectView.as_view(url="/static/icons/favicon.svg")),
]
