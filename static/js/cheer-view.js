// The words and numbers of the live screen.

import { $, make, show, text } from "./dom.js";
import { blocks, clock, distance, duration, eta, metresBetween, money, timeOfDay, travelS } from "./format.js";
import { fill, gettext, ngettext } from "./i18n.js";
import { serverNow } from "./server-clock.js";
import { whyThem } from "./why.js";

/**
 * The reasons that the server gives, in words.
 * @type {Record<string, string>}
 */
const REASONS = {
  nobody_accepted: gettext("We asked every free partner in reach. Nobody could come this time."),
  no_partner_nearby: gettext("No partner was free near you, however far we looked."),
  cancelled_by_user: gettext("You cancelled this request."),
  cancelled_by_staff: gettext("Our staff cancelled this request."),
  no_show: gettext("Your partner was there and did not find you."),
};
/** @type {Record<string, string>} */
const TYPES = {
  cheerleader: gettext("Cheerleader"),
  coach: gettext("Coach"),
  musician: gettext("Musician"),
  mascot: gettext("Mascot"),
};

/** @param {Readonly<Pages.CheerState>} state */
function lookingWords({ request, requeued }) {
  if (request.status === "offered")
    return {
      headline: gettext("Asking someone near you"),
      detail: gettext("They have a few seconds to say yes. If they don't, we ask the next one."),
    };
  if (requeued)
    return {
      headline: gettext("Looking for someone else"),
      detail: gettext("Your partner couldn't make it. We're finding you someone else, at no cost."),
    };
  if (request.attempts === 0)
    return {
      headline: gettext("Looking for your partner"),
      detail: gettext("Your request is in. We ask the nearest free partner first."),
    };
  return {
    headline: gettext("Still looking"),
    detail: gettext("Nobody has said yes so far. We keep asking, and look wider each time."),
  };
}

/**
 * The headline of a phase, and one sentence below it.
 * @param {Pages.CheerPhase} phase
 * @param {Readonly<Pages.CheerState>} state
 * @param {Pages.Region} region
 * @returns {{ headline: string, detail: string }}
 */
export function words(phase, state, { timeZone }) {
  const { ride, partner } = state;
  switch (phase) {
    case "looking":
      return lookingWords(state);
    case "on-way":
      if (ride?.arrivedAt)
        return {
          headline: fill(gettext("%(name)s is here"), { name: partner?.name ?? gettext("Your partner") }),
          detail: gettext("Meet them at the pin. The clock starts when you are together."),
        };
      return {
        headline: fill(gettext("%(name)s is on the way"), { name: partner?.name ?? gettext("Your partner") }),
        detail: gettext("Stay where the pin is. The clock starts when they arrive."),
      };
    case "running":
      return { headline: gettext("You're being cheered on"), detail: gettext("Enjoy it.") };
    case "done":
      return {
        headline: gettext("All done!"),
        detail: ride?.endTime
          ? fill(gettext("It ended at %(time)s."), { time: timeOfDay(ride.endTime, timeZone) })
          : "",
      };
    case "cancelled":
      return { headline: gettext("Cancelled"), detail: gettext("This request is closed.") };
    default:
      return {
        headline: gettext("We found nobody this time"),
        detail: gettext("We're sorry. That's on us, not on you."),
      };
  }
}

/**
 * What has been tried so far, honestly.
 * @param {Api.CheerRequest} request
 * @param {Pages.Cheer} data
 */
function searchFacts({ createdAt, searchRadiusM, attempts, status, giveUpAt }, { offerTtlS, region }) {
  const waitedS = (serverNow() - Date.parse(createdAt)) / 1000;
  const facts = [
    waitedS < 5
      ? gettext("You asked just now.")
      : fill(gettext("You asked %(time)s ago."), { time: duration(waitedS) }),
  ];
  if (searchRadiusM)
    facts.push(fill(gettext("We look within %(distance)s of the pin."), { distance: distance(searchRadiusM) }));
  if (attempts > 0) {
    const looked = ngettext("We have looked once so far.", "We have looked %(count)s times so far.", attempts);
    facts.push(fill(looked, { count: attempts }));
  }
  if (status === "offered")
    facts.push(fill(gettext("Each partner has %(seconds)s seconds to answer."), { seconds: offerTtlS }));
  if (giveUpAt) {
    const end = gettext("If nobody can come by %(time)s, we tell you so.");
    facts.push(fill(end, { time: timeOfDay(giveUpAt, region.timeZone) }));
  }
  return facts;
}

/**
 * @param {Readonly<Pages.CheerState>} state
 * @param {Pages.Cheer} data
 */
export function paintLooking({ request }, data) {
  const facts = searchFacts(request, data);
  const list = $("#search-facts");
  facts.forEach((fact, index) => {
    if (!list.children[index]) list.append(make("li"));
    text(list.children[index], fact);
  });
  while (list.children.length > facts.length) list.lastElementChild?.remove();
}

/**
 * Who is coming, and how far they have to go.
 * @param {Readonly<Pages.CheerState>} state
 * @param {Pages.Cheer} data
 */
export function paintOnWay({ request, ride, partner, partnerAt }, data) {
  text($("#partner-name"), partner?.name ?? "");
  text($("#partner-initial"), (partner?.name ?? "?").slice(0, 1).toUpperCase());
  const about = { type: (partner && TYPES[partner.type]) ?? "", rating: partner?.rating };
  text(
    $("#partner-about"),
    fill(partner?.rating ? gettext("%(type)s, rated %(rating)s of 5") : gettext("%(type)s, new here"), about),
  );
  text($("#partner-why"), whyThem(request));
  show($("#partner-why"), Boolean(request.why));
  const at = partnerAt ?? partner?.currentLocation;
  const away = at ? metresBetween(at, request.location) : null;
  text($("#distance"), away === null ? "" : distance(away));
  text($("#eta"), ride?.arrivedAt ? gettext("here") : etaText(away, data.travel));
  show($("#pin-card"), Boolean(ride?.pin));
  text($("#pin"), ride?.pin ?? "");
}

/**
 * @param {number | null} away In metres.
 * @param {Pages.Travel} travel
 */
function etaText(away, travel) {
  if (away === null) return "";
  return away < 60 ? gettext("here any moment") : eta(travelS(away, travel));
}

/**
 * What it came to.
 * @param {Readonly<Pages.CheerState>} state
 */
export function paintDone({ request, ride, bill }) {
  const receipt = $("#receipt-link");
  const address = `/ride/${request.rideId}/receipt`;
  if (receipt.getAttribute("href") !== address) receipt.setAttribute("href", address);
  const total = bill?.total ?? ride?.fare;
  text($("#total"), total ? money(total) : "");
  const fare = bill?.lines.find(({ kind }) => kind === "fare");
  const billed =
    ride && fare
      ? fill(gettext("%(blocks)s, for a cheer of %(time)s"), {
          blocks: blocks(fare.quantity, ride.tariff.incrementS),
          time: clock(ride.elapsedS),
        })
      : "";
  text(
    $("#bill-about"),
    ride?.disputedAt ? gettext("You are not charged before our staff have looked at it.") : billed,
  );
}

/**
 * Why there is no cheer, and what that costs.
 * @param {Readonly<Pages.CheerState>} state
 */
export function paintCancelled({ request, bill }) {
  const why = request.reason;
  const words = (why && REASONS[why]) ?? gettext("This request was cancelled.");
  const given = request.reasonNote && fill(gettext("The reason given: %(why)s."), { why: request.reasonNote });
  text($("#cancel-why"), given ? `${words} ${given}` : words);
  const fee = bill?.lines.find(({ kind }) => kind === "cancellation_fee" || kind === "no_show_fee");
  show($("#fee-receipt"), Boolean(fee));
  $("#fee-receipt a").setAttribute("href", `/ride/${request.rideId}/receipt`);
  const charged =
    fee?.kind === "no_show_fee"
      ? gettext("A fee of %(fee)s applies, because your partner came and waited.")
      : gettext("A cancellation fee of %(fee)s applies, because your partner was on the way already.");
  text($("#cancel-fee"), fee ? fill(charged, { fee: money(fee.amount) }) : gettext("You pay nothing."));
}

/** @param {Readonly<Pages.CheerState>} state */
export function paintNoMatch({ request }) {
  const why = request.reason;
  text($("#no-match-why"), (why && REASONS[why]) ?? gettext("Nobody was found in time."));
}
