"""Splitting an amount between the holds that are captured and a charge, so that the provider takes each part."""

from collections.abc import Sequence

from core.currencies import Currency


def split(amount: int, holds: Sequence[int], currency: Currency) -> tuple[list[int], int]:
    """Returns the part of an amount to capture of each hold, and the rest to charge.

    Holds are used up in their order. If the last part is below the least charge, it is filled up from the part before
    it, or both are charged together. An amount below the least charge itself is all left to the charge.
    """
    rooms = [currency.whole(hold) if currency.whole(hold) >= currency.minimum else 0 for hold in holds]
    parts, rest = [], amount
    for room in rooms:
        parts.append(currency.whole(min(rest, room)))
        rest -= parts[-1]
    parts.append(rest)
    used = [index for index, part in enumerate(parts) if part]
    if not used or parts[used[-1]] >= currency.minimum:
        return parts[:-1], parts[-1]
    last, before = used[-1], used[-2] if len(used) > 1 else used[-1]
    missing = currency.minimum - parts[last]
    if last != before and parts[before] - missing >= currency.minimum:
        parts[before] -= missing
        parts[last] += missing
    else:
        together = sum(parts[index] for index in {last, before})
        parts[last] = parts[before] = 0
        parts[-1] = together
    return parts[:-1], parts[-1]
