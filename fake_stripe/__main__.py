"""`python -m fake_stripe`: the stand-in as a process, for `PAYMENTS=demo make run`. The settings give its address."""

import os
import signal
import threading
from urllib.parse import urlsplit

from django.conf import settings

from fake_stripe.account import Account
from fake_stripe.server import Server
from fake_stripe.webhooks import Endpoint, Sender
from runner import lifeline


def main() -> None:
    """Serve until SIGTERM. The state is a file in the data folder, so that saved cards survive a restart."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
    lifeline.watch()
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    site = f"http://127.0.0.1:{settings.PORT}"
    sender = Sender(
        Endpoint(f"{site}/updatePaymentInfo", settings.STRIPE_WEBHOOK_SECRET[0]),
        Endpoint(f"{site}/updatePayoutInfo", settings.STRIPE_CONNECT_WEBHOOK_SECRET[0]),
    )
    sender.start()
    server = Server(
        Account(sender, file=settings.DATA_DIR / "demo_stripe.sqlite3"),
        port=urlsplit(settings.STRIPE_API_BASE).port or 0,
        secret_key=settings.STRIPE_SECRET_KEY,
        publishable_key=settings.STRIPE_PUBLISHABLE_KEY,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    while not stop.wait(60):
        server.account.expire_holds()
        server.account.settle_refunds()
        server.account.pay_out_daily()
    server.server_close()


if __name__ == "__main__":
    main()
