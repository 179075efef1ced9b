"""A bot's arrival at the place of its ride."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from simulator.accounts import Account
from simulator.movement import Place

TRIES = 5
RETRY_S = 1.0


async def report_arrival(
    account: Account, ride_id: str, place: Place, wait: Callable[[float], Awaitable[bool]]
) -> bool:
    """Report the position and the arrival, again if the server does not know the position.

    Args:
        wait: waits for so many seconds; returns whether the ride still goes on.

    Returns:
        Whether the ride still goes on.
    """
    for number in range(TRIES):
        report = {"location": place.as_json(), "recordedAt": datetime.now(UTC).isoformat()}
        await account.call("POST", "/updateLocation", report)
        answer = await account.call("POST", "/rideArrive", {"rideId": ride_id}, key=f"arrive-{ride_id}-{number}")
        if answer.code != "not_at_place":
            break
        if not await wait(RETRY_S):
            return False
    return await wait(0)
