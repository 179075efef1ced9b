// The words and numbers of the live screen.

import { $, make, show, text } from "./dom.js";
import { distance, duration, eta, metresBetween, money, timeOfDay, travelS } from "./format.js";
import { fill, gettext, ngettext } from "./i18n.js";
import { serverNow } from "./server-clock.js";

/** The reasons that the server gives, in words. */
export const REASONS = {
  nobody_accepted: gettext("We asked every free partner in reach. Nobody could come this time."),
  no_partner_nearby: gettext("No partner was free near you, however far we looked."),
  cancelled_by_user: gettext("You called this request off."),
  cancelled_by_staff: gettext("Our staff called this request off."),
};
const TYPES = {
  cheerleader: gettext("Cheerleader"),
  coach: gettext("Coach"),
  musician: gettext("Musician"),
  mascot: gettext("Mascot"),
};

/** The headline of a phase, and one sentence below it. */
export function words(phase, { request, ride, partner, requeued }, { timeZone }) {
  const name = partner?.name ?? gettext("Your partner");
  switch (phase) {
    case "looking":
      if (request.status === "offered") {
        return {
          headline: gettext("Asking somebody near you"),
          detail: gettext("They have a few seconds to say yes. If they don't, we ask the next one."),
        };
      }
      if (requeued)
        return {
          headline: gettext("Looking for somebody else"),
          detail: gettext("Your partner could not make it. We are finding you somebody else, at no cost."),
        };
      return request.attempts === 0
        ? {
            headline: gettext("Looking for your cheerer"),
            detail: gettext("Your request is in. We ask the nearest free partner first."),
          }
        : {
            headline: gettext("Still looking"),
            detail: gettext("Nobody has said yes so far. We keep asking, and look wider each time."),
          };
    case "on-way":
      return {
        headline: fill(gettext("%(name)s is on the way"), { name }),
        detail: gettext("Stay where the pin is. The clock starts when they arrive."),
      };
    case "running":
      return { headline: gettext("You are being cheered"), detail: gettext("Enjoy it.") };
    case "done":
      return {
        headline: gettext("That was your cheer"),
        detail: ride?.endTime
          ? fill(gettext("It ended at %(time)s."), { time: timeOfDay(ride.endTime, timeZone) })
          : "",
      };
    case "cancelled":
      return { headline: gettext("Called off"), detail: gettext("This request is closed.") };
    default:
      return {
        headline: gettext("We found nobody this time"),
        detail: gettext("We are sorry. That is on us, not on you."),
      };
  }
}

/** What has been tried so far, honestly. */
export function paintLooking({ request }, data) {
  const waitedS = (serverNow() - Date.parse(request.createdAt)) / 1000;
  const facts = [
    waitedS < 5 ? gettext("You asked just now.") : fill(gettext("You asked %(time)s ago."), { time: duration(waitedS) }),
  ];
  if (request.searchRadiusM)
    facts.push(
      fill(gettext("We look within %(distance)s of the pin."), { distance: distance(request.searchRadiusM) }),
    );
  if (request.attempts > 0)
    facts.push(
      fill(
        ngettext("We have looked once so far.", "We have looked %(count)s times so far.", request.attempts),
        { count: request.attempts },
      ),
    );
  if (request.status === "offered")
    facts.push(fill(gettext("Each partner has %(seconds)s seconds to answer."), { seconds: data.offerTtlS }));
  if (request.giveUpAt)
    facts.push(
      fill(gettext("If nobody can come by %(time)s, we tell you so."), {
        time: timeOfDay(request.giveUpAt, data.region.timeZone),
      }),
    );
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
  const about = { type: TYPES[partner?.type] ?? "", rating: partner?.rating };
  text(
    $("#partner-about"),
    fill(partner?.rating ? gettext("%(type)s, rated %(rating)s of 5") : gettext("%(type)s, new here"), about),
  );
  const at = partnerAt ?? partner?.currentLocation;
  const away = at ? metresBetween(at, request.location) : null;
  text($("#distance"), away === null ? "" : distance(away));
  text($("#eta"), away === null ? "" : away < 60 ? gettext("here any moment") : eta(travelS(away, data.travel)));
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
  text($("#bill-about"), ride ? fill(gettext("for %(time)s of cheering"), { time: duration(ride.elapsedS) }) : "");
}
