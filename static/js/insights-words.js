// How the cells of figures read, and what their columns are called.

import { duration, money } from "./format.js";
import { gettext, language } from "./i18n.js";

/** @type {Record<string, string>} */
const COLUMNS = {
  accepted: gettext("Accepted"),
  acceptedP50: gettext("Wait until accepted, P50"),
  acceptedP90: gettext("Wait until accepted, P90"),
  acceptance: gettext("Share of offers accepted"),
  available: gettext("Free"),
  busy: gettext("With users"),
  came: gettext("Came"),
  cell: gettext("Cell"),
  clock: gettext("Hour"),
  collected: gettext("Collected"),
  completed: gettext("Completed"),
  currency: gettext("Currency"),
  day: gettext("Day"),
  declined: gettext("Declined"),
  earned: gettext("Earned"),
  earnedAnHour: gettext("Earned an hour"),
  expected: gettext("Expected"),
  fares: gettext("Fares"),
  fees: gettext("Fees"),
  hour: gettext("Hour"),
  lapsed: gettext("Not answered"),
  lat: gettext("Latitude"),
  lng: gettext("Longitude"),
  offered: gettext("Offered"),
  offers: gettext("Offers"),
  p10: "P10",
  p50: "P50",
  p90: "P90",
  payouts: gettext("Payouts"),
  providerFees: gettext("Provider's fees"),
  refunds: gettext("Refunds"),
  requests: gettext("Requests"),
  revenue: gettext("Revenue"),
  share: gettext("Share"),
  shares: gettext("Partners' shares"),
  stage: gettext("Stage"),
  taxes: gettext("Taxes"),
  tips: gettext("Tips"),
  toAcceptanceP50: gettext("Until accepted, P50"),
  toAcceptanceP90: gettext("Until accepted, P90"),
  toArrivalP50: gettext("Until somebody is there, P50"),
  toArrivalP90: gettext("Until somebody is there, P90"),
  toOfferP50: gettext("Until offered, P50"),
  toOfferP90: gettext("Until offered, P90"),
  unmatched: gettext("Nobody found"),
  usual: gettext("Mean of four weeks"),
  weeksAgo1: gettext("A week before"),
  weeksAgo2: gettext("Two weeks before"),
  weeksAgo3: gettext("Three weeks before"),
  weeksAgo4: gettext("Four weeks before"),
  work: gettext("Hours at work"),
};
/** Stages and reasons, where a cell or a column is one. @type {Record<string, string>} */
const CODES = {
  cancelled_after_acceptance: gettext("Cancelled after it was accepted"),
  cancelled_before_acceptance: gettext("Cancelled while offered"),
  cancelled_before_offer: gettext("Cancelled before it was offered"),
  no_partner_nearby: gettext("No partner nearby"),
  nobody_accepted: gettext("Nobody accepted"),
  unsaid: gettext("Not said"),
};
const NUMBER = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
const SHARE = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const PLACE = new Intl.NumberFormat(language, { minimumFractionDigits: 4, maximumFractionDigits: 4 });
export const HIDDEN = "–";

/** @param {string} key */
export const columnName = (key) => COLUMNS[key] ?? named(key);

/** @param {string} code */
const named = (code) => CODES[code] ?? COLUMNS[code] ?? code.replaceAll("_", " ");

/**
 * A cell in words.
 * @param {Api.FigureCell} cell
 * @param {Api.FigureUnit} unit
 * @param {{ currency: string, timeZone: string }} of The row's currency and the region's time zone.
 */
export function cellText(cell, unit, { currency, timeZone }) {
  if (cell === null) return HIDDEN;
  if (typeof cell === "string") return worded(cell, unit, timeZone);
  switch (unit) {
    case "clock":
      return `${String(cell).padStart(2, "0")}:00`;
    case "share":
      return SHARE.format(cell);
    case "seconds":
      return duration(cell);
    case "minor":
      return currency ? money({ amount: cell, currency }) : String(cell);
    case "degrees":
      return PLACE.format(cell);
    default:
      return NUMBER.format(cell);
  }
}

/**
 * @param {string} cell
 * @param {Api.FigureUnit} unit
 * @param {string} timeZone
 */
function worded(cell, unit, timeZone) {
  if (unit === "day") {
    const noon = new Date(`${cell}T12:00:00Z`);
    return noon.toLocaleDateString(language, { day: "numeric", month: "short", weekday: "short", timeZone: "UTC" });
  }
  if (unit === "moment")
    return new Date(cell).toLocaleString(language, {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone,
    });
  return named(cell);
}
