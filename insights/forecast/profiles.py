"""The requests that are usual for a slot of a day: weighted means over the days before it.

A day in the past counts by its age (it halves with `half_life` days) and by how much its kind is like the day's that is
to be foreseen: the mean of a kernel over days (Nadaraya 1964, Watson 1964). Sparse cells gain by kernels that let other
weekdays in and that smooth over neighbouring slots, busy ones by narrow kernels: the forecast weighs several.
"""

from dataclasses import dataclass

import numpy as np

from insights.forecast.history import Flags, Floats, Ints, any_request

FRIDAY, SATURDAY = 4, 5
WEEK = 7


@dataclass(frozen=True)
class Kernel:
    """How much a past day and a neighbouring slot count.

    Attributes:
        half_life: In days.
        weekdays: The weight between two different days of Monday to Thursday.
        near: The weight between Friday and these, and between Friday and Saturday.
        far: The weight between any others.
        beside: The weight of the slots beside a slot; of those beside them its square.

    """

    half_life: float
    weekdays: float
    near: float
    far: float
    beside: float

    def likeness(self) -> Floats:
        """The weight between kinds of days, of shape (7, 7)."""
        weights = np.full((WEEK, WEEK), self.far)
        weights[:FRIDAY, :FRIDAY] = self.weekdays
        weights[FRIDAY, : SATURDAY + 1] = weights[: SATURDAY + 1, FRIDAY] = self.near
        np.fill_diagonal(weights, 1.0)
        return weights

    def weights(self, kinds: Ints, recorded: Flags, targets: Ints) -> Floats:
        """The share of each day in each target day's mean, of shape (targets, days); each row adds up to 1, or is 0.

        The target, all after it, and days that are not recorded have the share 0.
        """
        age = targets[:, None] - np.arange(kinds.size)[None, :]
        alike = self.likeness()[kinds[targets]][:, kinds]
        weights = np.where((age > 0) & recorded, alike * 0.5 ** (np.maximum(age, 0) / self.half_life), 0.0)
        total = weights.sum(1, keepdims=True)
        return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))

    def smoothing(self, slots: int) -> Floats:
        """The weights that smooth within a day, of shape (slots, slots), each column adding up to 1."""
        apart = np.abs(np.arange(slots)[:, None] - np.arange(slots)[None, :])
        weights = np.where(apart <= 2, self.beside**apart, 0.0)
        return np.asarray(weights / weights.sum(0))


def mean_by(kernel: Kernel, counts: Floats, kinds: Ints, targets: Ints) -> Floats:
    """The kernel's mean for each target day from the recorded days before it, of shape (cells, targets, slots).

    Args:
        kernel: How much each day and slot counts.
        counts: Of shape (cells, days, slots). For a target, its own day and later ones are not looked at.
        kinds: The kind of each day, of shape (days,).
        targets: Indices of days.

    """
    weights = kernel.weights(kinds, any_request(counts), targets)
    means = np.einsum("td,cds->cts", weights, counts, optimize=True)
    return np.asarray(means @ kernel.smoothing(counts.shape[2]))


def level(counts: Floats, targets: Ints, half_life: float) -> Floats:
    """The mean of a slot over the recorded days before each target day, recent ones counting more: (cells, targets)."""
    every_day = Kernel(half_life, 1.0, 1.0, 1.0, 0.0)
    weights = every_day.weights(np.zeros(counts.shape[1], np.int64), any_request(counts), targets)
    return np.asarray(counts.mean(2) @ weights.T)
