"""The weights of the matching policy (`matching/policy.py`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The weights of the policy. Times are in seconds; travel is time through streets (`regions/geometry.py`).

    Records of decisions have them as a list in this order: a new rule goes to the end.

    In a shortage of n requests the pickup cap of a new request is `cap_s` · ∛(`cap_shortage` / n), at least
    `cap_least_s` and at most `cap_s`. The cube root balances two times: partners within r of a place become free at a
    rate that grows with n · r², so the wait for one goes with 1 / (n · r²), while the travel goes with r. The two
    balance if r goes with n to the power −1/3.
    """

    cap_s: float = 600.0  # the greatest cap of a new request, for `cap_shortage` requests or fewer
    cap_shortage: float = 10.0
    cap_least_s: float = 180.0  # the least cap, however great the shortage
    cap_widens: float = 1.0  # seconds of travel that the cap gains for each second waited
    age_credit: float = 0.2  # seconds of travel deducted for each second waited
    cap_lone: bool = True  # in a shortage, the cap also applies to a lone request


RULES = Rules()
