"""How far counts stray from their mean: negative binomial, with quantiles in whole requests.

A count with mean m has the variance m + d m²: a Poisson count whose rate strays itself (gamma, relative variance d).
The P10, P50 and P90 of a forecast are whole numbers: the least count that is not exceeded with that probability. They
have the smallest pinball loss. An interval of whole numbers holds more than its 80%, the more so the smaller the
counts: at a mean of 0.2, {0} alone holds 82%. Therefore calibration is measured by `inside`: a count on the interval's
edge counts by the share of its probability that lies inside. Over many counts that is 80% for a forecast that is right,
however small they are (the nonrandomised probability integral transform of Czado, Gneiting and Held, "Predictive model
assessment for count data", Biometrics 65, 2009).
"""

import numpy as np
from scipy import stats

from insights.forecast.history import Floats

LEAST_DISPERSION, MOST_DISPERSION = 1e-4, 1.0
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9


def dispersion(counts: Floats, means: Floats, weights: Floats | None = None) -> float:
    """The relative variance d of the rates, by moments: sum((y - m)² - m) / sum(m²), kept within bounds."""
    weights = np.ones_like(means) if weights is None else weights
    square = float((weights * means**2).sum())
    found = float((weights * ((counts - means) ** 2 - means)).sum()) / square if square else 0.0
    return min(max(found, LEAST_DISPERSION), MOST_DISPERSION)


def distribution(means: Floats, d: float | Floats) -> stats.rv_discrete:
    """The negative binomial distribution with these means and the relative variance d of the rates."""
    return stats.nbinom(1 / d, 1 / (1 + d * means))


def quantiles(means: Floats, d: float | Floats) -> tuple[Floats, Floats, Floats]:
    """P10, P50 and P90 in whole requests."""
    spread = distribution(means, d)
    low, middle, high = (np.asarray(spread.ppf(p), float) for p in (LOW, MIDDLE, HIGH))
    return low, middle, high


def median_misses(means: Floats, d: float | Floats) -> Floats:
    """The absolute errors to expect of the P50s, in requests.

    E(X; X <= k) = m F(k - 1; r + 1) for a negative binomial count with r = 1 / d, mean m and distribution function
    F(.; r) at the same p. So E|X - a| = m - a + 2 (a F(a; r) - m F(a - 1; r + 1)).
    """
    spread = distribution(means, d)
    middle = np.asarray(spread.ppf(MIDDLE), float)
    beyond = stats.nbinom(1 / d + 1, 1 / (1 + d * means))
    return np.asarray(means - middle + 2 * (middle * spread.cdf(middle) - means * beyond.cdf(middle - 1)))


def inside(counts: Floats, means: Floats, d: float | Floats) -> Floats:
    """The share of each count's probability that lies between the 10% and the 90% point, 0 to 1."""
    spread = distribution(means, d)
    upper, lower = spread.cdf(counts), spread.cdf(counts - 1)
    share = (np.minimum(upper, HIGH) - np.maximum(lower, LOW)) / np.maximum(upper - lower, np.finfo(float).tiny)
    return np.asarray(np.clip(share, 0.0, 1.0))
