// How amounts, distances and times read.

import { fill, gettext, language, ngettext } from "./i18n.js";

const IN_MILES = /-(US|GB|LR|MM)$/i.test(navigator.language);
const METRES_PER_MILE = 1609.344;
const FEET_PER_METRE = 3.28084;
const ONE_DIGIT = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  useGrouping: false,
});
// As core/currencies.py has them; browsers know other digits for some.
const NO_DECIMALS = new Set([
  "bif",
  "clp",
  "djf",
  "gnf",
  "jpy",
  "kmf",
  "krw",
  "mga",
  "pyg",
  "rwf",
  "vnd",
  "vuv",
  "xaf",
  "xof",
  "xpf",
]);
const THREE_DECIMALS = new Set(["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"]);
const WHOLE = new Set(["isk", "ugx"]);
const EARTH_RADIUS_M = 6372797.560856; // as the server's

/**
 * An amount as people write it: $10.00. `short` cuts ".00".
 * @param {Api.Money} money
 * @param {{ short?: boolean }} [how]
 */
export function money({ amount, currency }, { short = false } = {}) {
  const decimals = minorDigits(currency);
  const value = amount / 10 ** decimals;
  const bare = Number.isInteger(value) && (short || WHOLE.has(currency.toLowerCase()));
  const digits = bare ? 0 : decimals;
  const shape = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, { style: "currency", currency, ...shape }).format(value);
}

/**
 * Minor units rounded to an amount that can be moved, and is not nothing.
 * @param {number} amount
 * @param {string} currency
 */
export function movable(amount, currency) {
  const code = currency.toLowerCase();
  const step = WHOLE.has(code) ? 100 : THREE_DECIMALS.has(code) ? 10 : 1;
  return Math.max(1, Math.round(amount / step)) * step;
}

/**
 * The digits after the point of the minor unit in which a currency is counted.
 * @param {string} currency
 */
function minorDigits(currency) {
  const code = currency.toLowerCase();
  if (NO_DECIMALS.has(code)) return 0;
  return THREE_DECIMALS.has(code) ? 3 : 2;
}

/**
 * What somebody has typed as an amount, in minor units: "2,50" is 250 cents. NaN if it is no number.
 * @param {string} typed
 * @param {string} currency
 */
export function minorUnits(typed, currency) {
  return Math.round(Number.parseFloat(typed.replace(",", ".")) * 10 ** minorDigits(currency));
}

/**
 * Metres, in the units of the device's country.
 * @param {number} metres
 */
export function distance(metres) {
  if (IN_MILES) {
    if (metres < 300) return `${Math.max(50, Math.round((metres * FEET_PER_METRE) / 50) * 50)} ft`;
    return `${ONE_DIGIT.format(metres / METRES_PER_MILE)} mi`;
  }
  return metres < 950 ? `${Math.max(10, Math.round(metres / 10) * 10)} m` : `${ONE_DIGIT.format(metres / 1000)} km`;
}

/**
 * Seconds of travel, rounded up to minutes.
 * @param {number} seconds
 */
export function eta(seconds) {
  return `${Math.max(1, Math.ceil(seconds / 60))} min`;
}

/**
 * Seconds as a running clock: 4:05, 1:02:03.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  /** @param {number} n */
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/**
 * Seconds in words: 45 s, 3 min 20 s, 1 h 5 min.
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

/**
 * What follows a tariff's price: "per 5 minutes or part".
 * @param {number} seconds
 */
export function perIncrement(seconds) {
  if (seconds % 60) return fill(gettext("per %(seconds)s seconds or part"), { seconds });
  const minutes = seconds / 60;
  return fill(ngettext("per minute or part", "per %(minutes)s minutes or part", minutes), {
    minutes,
  });
}

/**
 * What a session is billed for: "3 × 5 minutes", "1 × 90 seconds".
 * @param {number} count
 * @param {number} seconds Of one increment.
 */
export function blocks(count, seconds) {
  if (seconds % 60)
    return fill(ngettext("%(count)s × %(n)s second", "%(count)s × %(n)s seconds", seconds), { count, n: seconds });
  const minutes = seconds / 60;
  return fill(ngettext("%(count)s × %(n)s minute", "%(count)s × %(n)s minutes", minutes), { count, n: minutes });
}

/**
 * A moment's time of day, in a time zone, or else in the device's. As the server writes it: 2:05 PM.
 * @param {Api.Time | number} moment
 * @param {string} [timeZone]
 */
export function timeOfDay(moment, timeZone = undefined) {
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = { hour: "numeric", minute: "2-digit", timeZone };
  return new Date(moment).toLocaleTimeString(language, shape);
}

/**
 * A day and its time of day: Sat, May 2, 6:00 PM.
 * @param {Api.Time | number} moment
 * @param {string} [timeZone]
 */
export function dayAndTime(moment, timeZone = undefined) {
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  return new Date(moment).toLocaleString(language, { ...shape, timeZone });
}

/**
 * Great-circle metres between two places, by the haversine formula.
 * @param {Api.Location} a
 * @param {Api.Location} b
 */
export function metresBetween(a, b) {
  const rad = Math.PI / 180;
  const u = Math.sin(((b.lat - a.lat) * rad) / 2);
  const v = Math.sin(((b.lng - a.lng) * rad) / 2);
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(u * u + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * v * v));
}

/**
 * Seconds to cover a straight line through streets.
 * @param {number} metres
 * @param {Pages.Travel} travel
 */
export function travelS(metres, { speedMps, streetFactor }) {
  return (metres * streetFactor) / speedMps;
}
