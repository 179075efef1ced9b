"""The journeys of which tests/browser/album.py takes pictures."""

from collections.abc import Callable
from typing import Any

from testbed.stack import Stack
from tests.browser.past import A_PAST, IN_NEW_YORK
from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Visit, in_shell, meet

Open = Callable[..., Visit]


VISITOR = [
    ("landing", "/"),
    ("sign-in", "/account/login/"),
    ("sign-up", "/account/signup/"),
    ("shared-expired", "/shared/nothing"),
]
A_WEEK = """
from datetime import timedelta
from django.utils import timezone
from rides.models import Ride
ride = Ride.objects.filter(status="completed").order_by("-end_time").first()
kinds = ["pep_talk", "game_day", "celebration", "classic", "serenade"]
for n, minutes in enumerate([12, 7, 26, 4, 16], 1):
    request, old = ride.request, ride.pk
    begun = timezone.now() - timedelta(days=n)
    request.pk, request.request_type_id = None, kinds[n - 1]
    request.id = type(request)._meta.pk.default()
    request.created_at = begun
    request.save(force_insert=True)
    Ride.objects.create(
        request=request, user=ride.user, partner=ride.partner, status="completed", accepted_at=begun, start_time=begun,
        end_time=begun + timedelta(minutes=minutes), ended_by="partner", tariff_amount=1000, tariff_currency="usd",
        tariff_increment_s=300, fare_amount=1000 * -(-minutes // 5), rating=5 if n % 2 else None,
    )
"""


def visitors(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """Who is not signed in."""
    one = visit()
    for name, path in VISITOR:
        one.go(path)
        album.take(one, name)
    one.close()


def a_cheer(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """From the request screen to the receipt, on both sides."""
    in_shell(stack, "from regions.models import Region; Region.objects.update(start_guard='pin')")
    user = visit().sign_in(cast.user("Ada"))
    user.go("/history")
    album.take(user, "history-empty")
    user.go("/")
    user.page.locator("#map.near").wait_for()
    album.take(user, "request")
    user.ask("Birthday", note="Blue door, ring twice")
    user.headline("Still looking")
    album.take(user, "cheer-looking")
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner("Pia"))
    partner.go("/partner")
    partner.live()
    album.take(partner, "partner-offline")
    partner.go_online()
    partner.headline("Someone needs a cheer")
    album.take(partner, "partner-offer")
    user.headline("Asking someone near you")
    album.take(user, "cheer-asking")
    partner.press("Accept")
    partner.headline("Ada is waiting for you")
    album.take(partner, "partner-on-the-way")
    user.headline("Pia is on the way")
    album.take(user, "cheer-on-the-way")
    _share_and_cancel(album, user, visit)
    partner.start(user)
    partner.headline("Cheer for Ada!")
    album.take(partner, "partner-running")
    user.headline("You're being cheered on")
    album.take(user, "cheer-running")
    partner.press("End this cheer")
    album.take(partner, "partner-end")
    partner.press("End it")
    partner.see("Nice work!")
    in_shell(stack, A_WEEK)
    album.take(partner, "partner-served")
    _afterwards(album, user, partner)
    for one in (user, partner):
        one.close()


def _share_and_cancel(album: Any, user: Visit, visit: Open) -> None:
    user.press("Cancel this request")
    album.take(user, "cheer-cancel")
    user.press("Keep waiting")
    user.press("Share")
    user.see("Your link")
    album.take(user, "cheer-share")
    friend = visit()
    friend.go(user.page.get_by_label("Your link").input_value())
    friend.headline("Pia is on the way to Ada")
    album.take(friend, "shared")
    friend.close()
    user.press("Close")


def _afterwards(album: Any, user: Visit, partner: Visit) -> None:
    user.headline("All done!")
    user.page.get_by_role("radio", name="5 of 5").check(force=True)  # the stars cover their radio buttons
    album.take(user, "cheer-done")
    user.page.get_by_role("link", name="See the receipt").click()
    user.headline("Invoice")
    album.take(user, "receipt")
    user.go("/history")
    user.page.locator(".menu summary").click()
    album.take(user, "history-and-menu")
    partner.go("/partner")
    partner.live()
    partner.page.locator("#earnings-title").scroll_into_view_if_needed()
    album.take(partner, "partner-earnings")


def an_arrival(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """The partner is at the pin, and the user is asked whether they are there, too."""
    user, partner = meet(cast, visit)
    album.take(user, "cheer-arrived")
    album.take(partner, "partner-arrived")
    user.press("I am here")
    partner.see("Your user says that they are there.")
    partner.start(user)
    user.headline("You're being cheered on")
    user.press("End this cheer")
    user.see("so far: that is $10.00.")
    album.take(user, "cheer-end")
    user.press("End it")
    user.headline("All done!")
    for one in (user, partner):
        one.close()


def other_ends(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """Planned, called off, nobody found, and who is not a partner yet."""
    ada = cast.user("Ada")
    user = visit(at=TIMES_SQUARE).sign_in(ada)
    user.go("/")
    user.press("Use my location")
    user.see("Drag the pin to be exact.")
    user.press("Save this place")
    user.page.get_by_label("What do you call it?").fill("Work")
    user.page.get_by_role("button", name="Save", exact=True).click()
    user.page.get_by_role("radio", name="Serenade").check()
    album.take(user, "request-place-chosen")
    user.page.get_by_role("radio", name="Later").check()
    user.press("Plan this cheer")
    user.see("Planned")
    album.take(user, "request-planned")
    user.ask("Game day", note="Row 7")
    user.press("Cancel this request")
    user.press("Cancel it, free of charge")
    user.headline("Cancelled")
    album.take(user, "cheer-called-off")
    user.ask("Game day", note="Row 7")
    request_id = cast.request_of(ada)["requestId"]
    in_shell(
        stack,
        "from django.utils.timezone import now; from requests_app.models import CheerRequest;"
        f"CheerRequest.objects.filter(pk='{request_id}').update(give_up_at=now(), next_attempt_at=now())",
    )
    user.headline("We found nobody this time")
    album.take(user, "cheer-nobody")
    user.go(f"/ride/{request_id}/receipt")
    album.take(user, "error-not-found")
    user.go("/become-a-partner")
    album.take(user, "partner-apply")
    user.close()
    applicant = visit().sign_in(cast.applicant("Zoe"))
    applicant.go("/partner")
    album.take(applicant, "partner-waiting")
    applicant.close()
    staff = visit().sign_in(cast.staff())
    staff.go("/staff/")
    staff.live()
    album.take(staff, "staff")
    staff.go("/history")
    album.take(staff, "error-not-yours")
    staff.close()


def the_figures(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """Walk through a region's figures as staff and a partner see them."""
    in_shell(stack, A_PAST)
    staff = visit().sign_in(cast.staff())
    staff.go("/staff/insights/")
    staff.page.locator("canvas").first.wait_for()
    album.take(staff, "staff-insights")
    staff.close()
    partner = visit().sign_in(cast.partner("Pia"))
    in_shell(stack, IN_NEW_YORK)
    partner.go("/partner/week")
    partner.page.locator("#busy-list li").first.wait_for()
    album.take(partner, "partner-week")
    partner.close()


ACCOUNT = [
    ("account", "/account"),
    ("account-profile", "/account/profile"),
    ("account-notifications", "/account/notifications"),
    ("account-devices", "/account/devices"),
    ("account-data", "/account/data"),
    ("account-delete", "/account/delete"),
    ("account-email", "/account/email/"),
    ("account-second-factor", "/account/2fa/"),
    ("wallet", "/wallet"),
    ("help", "/help"),
    ("privacy", "/privacy"),
    ("terms", "/terms"),
    ("offline", "/offline"),
]


def the_account(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """What somebody sees of their account, what can be read, and two pages in other languages."""
    user = visit().sign_in(cast.user("Ada"))
    for name, path in ACCOUNT:
        user.go(path)
        album.take(user, name)
    for language, name, path in (("de", "request-german", "/"), ("es", "account-spanish", "/account")):
        user.page.context.add_cookies([{"name": "django_language", "value": language, "url": stack.url}])
        user.go(path)
        user.page.wait_for_load_state("networkidle")
        album.take(user, name)
    user.close()


WALKS = [visitors, a_cheer, an_arrival, other_ends, the_figures, the_account]
