"""A past of New York for the pages of figures, to be run in the program's own shell."""

A_PAST = """
from datetime import timedelta
import h3
from django.utils import timezone
from accounts.models import User
from insights.facts.models import Counting, HourFacts, HourSupply
from insights.forecast.models import Forecast, Forecaster
from regions.models import Region
from requests_app.models import CheerRequest
now = timezone.now()
# The jobs that count and forecast find next to nothing, and would put it in the place of this past.
Counting.objects.update(due_at=None)
Forecaster.objects.update(refresh_at=None)
nyc = Region.objects.get(slug="nyc")
this_hour = now.replace(minute=0, second=0, microsecond=0)
nothing = dict.fromkeys(("distance_m", "sessions", "session_s"), 0)
empty = {name: {} for name in ("declined", "rescinded", "called_off")}
if not HourSupply.objects.filter(region=nyc, starts_at=this_hour - timedelta(days=20)).exists():
    HourFacts.objects.filter(region=nyc).delete()
    HourSupply.objects.filter(region=nyc).delete()
    facts, supply = [], []
    for ago in range(1, 36 * 24):
        at = this_hour - timedelta(hours=ago)
        # Requests are most in the evening of New York, and more on some days than on others.
        count = 9 + (at.hour - 9) % 24 + 3 * at.weekday() + ago * 7 % 5
        lost = count // 6 + (5 if at.hour in (22, 23) else 0)
        taken = count - lost
        facts.append(HourFacts(
            region=nyc, starts_at=at, request_type_id="pep_talk", requests=count, users=count, offered=count - 1,
            accepted=taken, completed=taken - 1, offers=count + 6, offers_accepted=taken, lapsed=6,
            unmatched={"nobody_accepted": lost - 1, "no_partner_nearby": 1},
            cancelled={"cancelled_by_user.before_offer": 1}, to_offer={"10": taken},
            to_acceptance={str(80 + count // 3): taken - 3, str(95 + count // 2): 3},
            to_arrival={str(160 + count // 4): taken}, **nothing, **empty))
        supply.append(HourSupply(
            region=nyc, starts_at=at, available_s=(6 + at.hour % 12) * 3600, offered_s=1800, busy_s=count * 700))
    HourFacts.objects.bulk_create(facts)
    HourSupply.objects.bulk_create(supply)
    people = [User(email=f"past{number}@example.test", name="Pat") for number in range(60)]
    User.objects.bulk_create(people)
    CheerRequest.objects.bulk_create(
        CheerRequest(
            user=user, region=nyc, request_type_id="pep_talk", lat=40.735 + number % 4 * 0.012,
            lng=-73.995 + number % 3 * 0.012, status="no_match", closed_code="nobody_accepted",
            created_at=now - timedelta(hours=3 + number % 4), give_up_at=now)
        for number, user in enumerate(people))
Forecast.objects.filter(region=nyc).delete()
middle = h3.latlng_to_cell(40.75, -73.985, 7)
Forecast.objects.bulk_create(
    Forecast(
        region=nyc, horizon="next", minutes=60, starts_at=now, cell=h3.str_to_int(cell), mean=mean, p10=mean // 2,
        p50=mean, p90=mean * 2, version=1, made_at=now)
    for mean, cell in enumerate(sorted(h3.grid_disk(middle, 1)), 1))
"""
IN_NEW_YORK = (
    "from accounts.models import Partner; from regions.models import Region;"
    "Partner.objects.update(region=Region.objects.get(slug='nyc'))"
)
