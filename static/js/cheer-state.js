// What the state of one cheer says. Pure: nothing here touches the page.

/**
 * @param {Pick<Pages.CheerState, "request" | "ride">} state
 * @returns {Pages.CheerPhase}
 */
export function phaseOf({ request, ride }) {
  switch (request.status) {
    case "pending":
    case "offered":
      return "looking";
    case "accepted":
      return ride?.status === "in_progress" ? "running" : "on-way";
    case "completed":
      return "done";
    case "cancelled":
      return "cancelled";
    default:
      return "no-match";
  }
}

/**
 * What a request's new state changes.
 * @param {Readonly<Pages.CheerState>} state
 * @param {Api.CheerRequest} request
 * @returns {Partial<Pages.CheerState>}
 */
export function withRequest(state, request) {
  const requeued = requeuedBy(state, request);
  if (!request.rideId) return { request, requeued, ride: null, partner: null, partnerAt: null };
  if (!request.partner) return { request, requeued };
  const partnerAt = state.partnerAt ?? request.partner.currentLocation;
  return { request, requeued, partner: request.partner, partnerAt };
}

/**
 * @param {Readonly<Pages.CheerState>} state
 * @param {Api.CheerRequest} request
 */
function requeuedBy(state, request) {
  if (request.status === "accepted") return false;
  return state.requeued || (state.request.status === "accepted" && request.status === "pending");
}

/**
 * Whether a ride is the request's present one, and not that of a partner who has called off.
 * @param {Readonly<Pages.CheerState>} state
 * @param {Api.Ride} ride
 */
export function isOurs({ request }, ride) {
  if (ride.requestId !== request.requestId) return false;
  return request.rideId ? ride.rideId === request.rideId : ride.status !== "cancelled";
}
