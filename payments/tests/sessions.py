"""Random sessions, from the booking to the first charge."""

from dataclasses import dataclass

from hypothesis import strategies as st

from payments.tests.mishaps import DEATH, FAULT

CARDS = [
    "pm_card_visa",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredSetupForOffSession",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "pm_card_chargeCustomerFail",
]
HOLDS = [0, 1500, 6000]


@dataclass(frozen=True, slots=True)
class Session:
    """Who is cheered for how long, whether they save another card meanwhile, and what the first charging meets."""

    who: int
    hold: int
    minutes: int
    card: str
    fault: str
    death: int | None


SESSIONS = st.builds(
    Session,
    who=st.integers(0, 1),
    hold=st.sampled_from(HOLDS),
    minutes=st.integers(1, 70),
    card=st.sampled_from(["", *CARDS]),
    fault=FAULT,
    death=DEATH,
)
