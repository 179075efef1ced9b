// What the console's state says. Pure: nothing here touches the page.

/** @param {Pick<Pages.PartnerState, "partner">} state */
export const isOnline = ({ partner }) => partner.status !== "offline";

/**
 * @param {Pick<Pages.PartnerState, "offer" | "ride">} state
 * @returns {Pages.PartnerPhase}
 */
export function phaseOf({ offer, ride }) {
  if (ride) return "serving";
  return offer ? "offer" : "idle";
}

/** @param {Api.Ride} ride */
export const isOver = ({ status }) => status === "completed" || status === "cancelled";

/**
 * What a ride's new state changes; null if it has ended and was not ours any more.
 * @param {Readonly<Pages.PartnerState>} state
 * @param {Api.Ride} ride
 * @returns {Partial<Pages.PartnerState> | null}
 */
export function withRide(state, ride) {
  if (!isOver(ride)) {
    const request = state.request?.requestId === ride.requestId ? state.request : null;
    return { ride, request, offer: null };
  }
  if (state.ride?.rideId !== ride.rideId) return null;
  return { ride: null, request: null, offer: null, partner: { ...state.partner, status: "available" } };
}
