"""The addresses of the pages. Pages change only an account's own settings; all other changes go through the API."""

from django.urls import path
from django.views.generic import RedirectView

from web import account, app_files, views, wallet
from web.addresses import undo_address
from web.again import sign_in_again
from web.language import choose_language
from web.partner_week import partner_week
from web.sent_mails import mail_page, mails
from web.texts import texts

urlpatterns = [
    path("", views.home, name="home"),
    path("cheer/<uuid:request_id>", views.cheer, name="cheer"),
    path("shared/<str:token>", views.shared, name="shared-cheer"),
    path("history", views.history, name="history"),
    path("wallet", wallet.wallet, name="wallet"),
    path("wallet/confirm/payment/<uuid:waiting_id>", wallet.confirm, {"kind": "payment"}, name="confirm-payment"),
    path("wallet/confirm/hold/<uuid:waiting_id>", wallet.confirm, {"kind": "hold"}, name="confirm-hold"),
    path("partner", views.partner, name="partner"),
    path("partner/earnings", views.earnings, name="partner-earnings"),
    path("partner/week", partner_week, name="partner-week"),
    path("partner/statement", wallet.statement, name="partner-statement"),
    path("become-a-partner", views.become_a_partner, name="become-a-partner"),
    path("account", account.overview, name="account"),
    path("account/profile", account.profile, name="account-profile"),
    path("account/notifications", account.notifications, name="account-notifications"),
    path("account/devices", account.devices, name="account-devices"),
    path("account/address/undo/<str:token>", undo_address, name="undo-address"),
    path("account/again", sign_in_again, name="account-sign-in-again"),
    path("account/data", account.data, name="account-data"),
    path("account/data/export", account.export_data, name="account-export"),
    path("account/delete", account.delete, name="account-delete"),
    path("help", views.help_page, name="help"),
    path("terms", views.terms, name="terms"),
    path("privacy", views.privacy, name="privacy"),
    path("language", choose_language, name="language"),
    path("texts/<str:language>.js", texts, name="texts"),
    # In development only: elsewhere they are not found.
    path("dev/mail", mails, name="sent-mails"),
    path("dev/mail/<str:key>", mail_page, name="sent-mail"),
    path("manifest.webmanifest", app_files.manifest, name="manifest"),
    path("sw.js", app_files.service_worker, name="service-worker"),
    path("offline", app_files.offline, name="offline"),
    path("robots.txt", app_files.robots, name="robots"),
    path("sitemap.xml", app_files.sitemap, name="sitemap"),
    # Browsers request it for answers that name no icon, such as JSON.
    path("favicon.ico", RedirectView.as_view(url="/static/icons/favicon.svg")),
]
