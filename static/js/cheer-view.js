// The words and numbers of the live screen.

import { $, make, show, text } from "./dom.js";
import { distance, duration, eta, metresBetween, money, timeOfDay, travelS } from "./format.js";
import { serverNow } from "./server-clock.js";

/** The reasons that the server gives, in words. */
export const REASONS = {
  nobody_accepted: "We asked every free partner in reach. Nobody could come this time.",
  no_partner_nearby: "No partner was free near you, however far we looked.",
  cancelled_by_user: "You called this request off.",
  cancelled_by_staff: "Our staff called this request off.",
};

/** The headline of a phase, and one sentence below it. */
export function words(phase, { request, ride, partner }, { timeZone }) {
  const name = partner?.name ?? "Your partner";
  switch (phase) {
    case "looking":
      if (request.status === "offered") {
        return {
          headline: "Asking somebody near you",
          detail: "They have a few seconds to say yes. If they don't, we ask the next one.",
        };
      }
      return request.attempts === 0
        ? { headline: "Looking for your cheerer", detail: "Your request is in. We ask the nearest free partner first." }
        : {
            headline: "Still looking",
            detail: "Nobody has said yes so far. We keep asking, and look wider each time.",
          };
    case "on-way":
      return { headline: `${name} is on the way`, detail: "Stay where the pin is. The clock starts when they arrive." };
    case "running":
      return { headline: "You are being cheered", detail: "Enjoy it." };
    case "done":
      return {
        headline: "That was your cheer",
        detail: ride?.endTime ? `It ended at ${timeOfDay(ride.endTime, timeZone)}.` : "",
      };
    case "cancelled":
      return { headline: "Called off", detail: "This request is closed." };
    default:
      return { headline: "We found nobody this time", detail: "We are sorry. That is on us, not on you." };
  }
}

/** What has been tried so far, honestly. */
export function paintLooking({ request, requeued }, data) {
  const waitedS = (serverNow() - Date.parse(request.createdAt)) / 1000;
  const facts = [waitedS < 5 ? "You asked just now." : `You asked ${duration(waitedS)} ago.`];
  if (requeued) facts.unshift("Your partner could not make it. We are finding you somebody else, at no cost.");
  if (request.attempts === 1) facts.push("We have looked once so far.");
  if (request.attempts > 1) facts.push(`We have looked ${request.attempts} times so far.`);
  if (request.status === "offered") facts.push(`Each partner has ${data.offerTtlS} seconds to answer.`);
  // After a partner has called off, patience starts anew, and only a reload knows until when.
  if (data.giveUpAt && !requeued)
    facts.push(`If nobody can come by ${timeOfDay(data.giveUpAt, data.region.timeZone)}, we tell you so.`);
  const list = $("#search-facts");
  facts.forEach((fact, index) => {
    if (!list.children[index]) list.append(make("li"));
    text(list.children[index], fact);
  });
  while (list.children.length > facts.length) list.lastElementChild.remove();
}

/** Who is coming, and how far they have to go. */
export function paintOnWay({ request, ride, partner, partnerAt }, data) {
  text($("#partner-name"), partner?.name ?? "");
  text($("#partner-initial"), (partner?.name ?? "?").slice(0, 1).toUpperCase());
  const type = partner ? partner.type[0].toUpperCase() + partner.type.slice(1) : "";
  text($("#partner-about"), partner?.rating ? `${type}, rated ${partner.rating} of 5` : `${type}, new here`);
  const at = partnerAt ?? partner?.currentLocation;
  const away = at ? metresBetween(at, request.location) : null;
  text($("#distance"), away === null ? "" : distance(away));
  text($("#eta"), away === null ? "" : away < 60 ? "here any moment" : `about ${eta(travelS(away, data.travel))}`);
  show($("#pin-card"), Boolean(ride?.pin));
  text($("#pin"), ride?.pin ?? "");
}

/** What it came to. */
export function paintDone({ request, ride, bill }) {
  const receipt = $("#receipt-link");
  const address = `/ride/${request.rideId}/receipt`;
  if (receipt.getAttribute("href") !== address) receipt.setAttribute("href", address);
  const total = bill?.total ?? ride?.fare;
  text($("#total"), total ? money(total) : "");
  text($("#bill-about"), ride ? `for ${duration(ride.elapsedS)} of cheering` : "");
}
