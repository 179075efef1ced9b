"""Trained models as a version keeps them."""

from typing import Any

import numpy as np

from insights.forecast.features import Horizon
from insights.forecast.model import Model
from insights.forecast.models import ForecastModel
from insights.forecast.weather import Figure


def name_of(horizon: Horizon, minutes: int) -> str:
    """Return the name under which a version keeps a model, and its scores."""
    return f"{minutes}.{horizon}"


def kept(model: Model) -> dict[str, Any]:
    """Return a model as JSON."""
    return {
        "coefficients": model.coefficients.tolist(),
        "dispersion": model.dispersion,
        "weather": [list(figure) for figure in model.weather],
    }


def fitted_model(version: ForecastModel | None, horizon: Horizon, minutes: int) -> Model | None:
    """Return a version's trained model; None without a version, or while the historic mean stands in for it."""
    fitted = version.fitted.get(name_of(horizon, minutes)) if version else None
    if fitted is None:
        return None
    weather = tuple(Figure(*figure) for figure in fitted.get("weather", ()))
    return Model(horizon, minutes, np.array(fitted["coefficients"]), fitted["dispersion"], weather)
