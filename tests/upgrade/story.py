"""What happened in the city before cards were taken: every way in which a request, an offer and a ride can end."""

from datetime import timedelta
from io import StringIO

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import call_command
from django.test import Client

from accounts.applications import decide_application
from accounts.demo import PASSWORD
from accounts.models import NotificationSettings
from accounts.push_apis import KEYS
from accounts.states import Application
from payments.books.refunds import refund
from regions.selectors import forget_regions
from requests_app import dead_letters, services
from requests_app.serving import fulfilment
from tests.cast import at
from tests.online import set_region
from tests.upgrade.city import AT_THE_DOOR, FAR_AWAY, City, metres_away

BROWSER = {"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/demo", "keys": KEYS}


def tell(city: City) -> None:
    """Everything before cards were taken."""
    call_command("seed", stdout=StringIO())
    forget_regions()
    people_join(city)
    what_users_keep(city)
    a_cheer_from_asking_to_tip(city)
    nobody_comes(city)
    users_call_off(city)
    partners_call_off(city)
    staff_step_in(city)
    plans(city)


def people_join(city: City) -> None:
    """New users, and an application of every kind."""
    city.sign_up("ada", "grace", "olga", "pia", "quin", "rosa")
    for who in ("pia", "quin", "rosa"):
        city.post(who, "/partner/apply", {"name": who.capitalize(), "type": "musician", "phone": "+1 212 555 0111"})
    decide_application(
        city.partner("quin"), Application.REJECTED, actor=city.staff, now=city.clock.now, reason="no references"
    )
    rosa = city.partner("rosa").pk
    city.post("staff", f"/partner/{rosa}/approve")
    city.post("staff", f"/partner/{rosa}/suspend", {"reason": "too loud"})
    city.post("partner1", "/pushSubscription", BROWSER)


def what_users_keep(city: City) -> None:
    """Places, settings, a second factor, a session, and a key that is used twice."""
    for name, metres in (("Home", 0), ("Work", 700), ("Gym", 1500)):
        place = city.post("user1", "/savedPlace", {"name": name, "location": at(metres_away(metres))})
    city.post("user1", f"/savedPlace/{place['placeId']}/forget")
    again = {"name": "Home", "location": at(AT_THE_DOOR)}
    assert city.post("user2", "/savedPlace", again, key="twice") == city.post(
        "user2", "/savedPlace", again, key="twice"
    )
    NotificationSettings.objects.create(user=city.user("user2"), email_receipts=False)
    city.client("ada")  # signs in before the second factor is there
    TOTP.activate(city.user("ada"), generate_totp_secret())
    RecoveryCodes.activate(city.user("ada"))
    page = Client(headers={"User-Agent": "demo"})
    assert page.post("/account/login/", {"login": "user3@demo.test", "password": PASSWORD}).status_code == 302
    city.post("olga", "/logout")
    del city.clients["olga"]


def a_cheer_from_asking_to_tip(city: City) -> None:
    """One partner declines, one lets it lapse, the third comes; paid in cash, and a part given back."""
    for number, who in enumerate(("partner1", "partner2", "partner3")):
        city.go_online(who, metres_away(200 * number))
    request = city.ask("user1", note="Third floor")
    who, offer_id = city.asked(request)
    city.post(who, "/rideDecline", {"offerId": offer_id, "reason": "on another floor"})
    city.match()
    city.pass_time(21)  # the second does not answer
    city.match()
    ride = city.accept(request)
    serving, ride_id = ride.partner.user.email.partition("@")[0], {"rideId": str(ride.pk)}
    city.post("user1", f"/cheerRequest/{request.pk}/share")
    city.start(serving, ride)
    city.clock.advance(12 * 60)
    city.post(serving, "/rideEnd", ride_id)
    city.post("user1", f"/ride/{ride.pk}/rating", {"rating": 5, "comment": "Loud and kind"})
    city.post("user1", f"/ride/{ride.pk}/tip", {"amount": 500})
    city.settle(ride)
    refund(city.payment(ride), amount=500, reason="late", actor=city.staff, now=city.clock.now)
    city.go_offline("partner1", "partner2", "partner3")


def nobody_comes(city: City) -> None:
    """Nobody is there, also after staff have tried again; another user's partner does not answer."""
    request = city.ask("user2", FAR_AWAY, type="birthday")
    for _ in range(3):
        city.match()
        city.clock.advance(31)
    city.pass_time(601)
    dead_letters.requeue_request(request, actor=city.staff, now=city.clock.now)
    city.match()
    city.pass_time(601)
    city.go_online("partner4")
    city.ask("user3", type="celebration")
    city.pass_time(21)
    city.pass_time(601)
    city.go_offline("partner4")


def users_call_off(city: City) -> None:
    """Before anybody is asked, while somebody is, after acceptance, and too late for that to be free."""
    request = city.ask("user2", FAR_AWAY)
    city.post("user2", f"/cheerRequest/{request.pk}/cancel", {"reason": "We made up."})
    city.go_online("partner1")
    request = city.ask("user3")
    city.post("user3", f"/cheerRequest/{request.pk}/cancel")
    for seconds in (30, 180):
        ride = city.accepted("user3", "partner1")
        city.post("user3", f"/cheerRequest/{ride.request_id}/share")
        city.clock.advance(seconds)
        city.post("user3", f"/cheerRequest/{ride.request_id}/cancel", {"reason": "too late"})
    city.post("user3", f"/cheerRequest/{ride.request_id}/unshare")
    city.go_offline("partner1")


def partners_call_off(city: City) -> None:
    """One has a flat tyre, and the next finds nobody there. One enters a wrong PIN first."""
    ride = city.accepted("user4", "partner2")
    city.post("partner2", "/rideCancel", {"rideId": str(ride.pk), "reason": "flat tyre"})
    city.go_offline("partner2")
    city.go_online("partner3")
    city.match()
    ride = city.accept(ride.request)
    city.post("partner3", "/updateLocation", {"location": at(AT_THE_DOOR), "heading": 90, "speedMps": 1.5})
    city.post("partner3", "/rideArrive", {"rideId": str(ride.pk)})
    city.clock.advance(6 * 60)
    city.post("partner3", "/updateLocation", {"location": at(AT_THE_DOOR)})
    city.post("partner3", "/rideNoShow", {"rideId": str(ride.pk)})
    city.go_offline("partner3")
    set_region(start_guard="pin")
    ride = city.accepted("user5", "partner4")
    wrong = "0000" if ride.pin != "0000" else "1111"
    city.post("partner4", "/rideStart", {"rideId": str(ride.pk), "pin": wrong}, refused="wrong_pin")
    city.post("partner4", "/rideStart", {"rideId": str(ride.pk), "pin": ride.pin})
    city.clock.advance(60)
    city.post("partner4", "/rideEnd", {"rideId": str(ride.pk)})
    city.post("user5", f"/ride/{ride.pk}/rating", {"rating": 2})
    city.go_offline("partner4")
    set_region(start_guard="arrival_or_pin")


def staff_step_in(city: City) -> None:
    """Staff release partners on the way, in a session and with an offer, and call a request off."""
    ride = city.accepted("user4", "partner5")
    fulfilment.release_partner(city.partner("partner5"), actor=city.staff, now=city.clock.advance(1))
    city.go_online("partner5")
    city.match()
    fulfilment.release_partner(city.partner("partner5"), actor=city.staff, now=city.clock.advance(1))
    request = services.cancel_request_as_staff(ride.request, actor=city.staff, reason="", now=city.clock.advance(1))
    assert request.status == "cancelled"
    ride = city.accepted("grace", "partner5")
    city.start("partner5", ride)
    fulfilment.release_partner(city.partner("partner5"), actor=city.staff, now=city.clock.advance(400))


def plans(city: City) -> None:
    """A planned cheer that was requested, one called off, one that could not be requested; the fourth waits."""
    now = city.clock.now
    planned = {}
    for name, hours in (("requested", 1), ("failed", 1.05), ("cancelled", 48), ("waiting", 320)):
        when = (now + timedelta(hours=hours)).isoformat()
        body = {"location": at(FAR_AWAY), "requestType": "game_day", "scheduledFor": when, "note": name}
        planned[name] = city.post("grace", "/scheduledRequest", body)["scheduledRequestId"]
    city.post("grace", f"/scheduledRequest/{planned['cancelled']}/cancel", {"reason": "rain"})
    city.pass_time(51 * 60)  # the first is looked for
    city.pass_time(13 * 60)  # the second's time comes while the first is open
    city.pass_time(20 * 60)  # and the first finds nobody
