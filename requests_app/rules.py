"""The weights of the matching policy (`matching/policy.py`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The weights of the policy. Times are in seconds; travel is time through streets (`regions/geometry.py`).

    Records of decisions have them as a list in this order: a new rule goes to the end.

    In a shortage the pickup cap of a new request goes by the partner who would be sent. Where ρ requests a second and
    m² appear around them for each free partner, one within t seconds of travel, at v metres a second, appears after
    1 / (ρ · π · (v · t)²) seconds on average, and is 2 t / 3 away. Their sum is least for t = ∛(3 / (π · ρ · v²)). The
    cap is `cap_local` times that, at least `cap_least_s` and at most `cap_s`.

    Where the partner's place is not known, or `cap_local` is 0, the cap in a shortage of n requests is
    `cap_s` · ∛(`cap_shortage` / n), within the same bounds: the same root, of the demand of the whole region.
    """

    cap_s: float = 600.0  # the greatest cap of a new request
    cap_shortage: float = 10.0
    cap_least_s: float = 180.0  # the least cap, however great the shortage
    cap_widens: float = 0.75  # seconds of travel that the cap gains for each second waited
    age_credit: float = 0.2  # seconds of travel deducted for each second waited
    cap_lone: bool = True  # in a shortage, the cap also applies to a lone request
    cap_local: float = 0.6  # how far the cap goes by the demand around each partner; 0: not at all


RULES = Rules()
