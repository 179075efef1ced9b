// Names of places, and which of them fit what somebody types. Pure.

const SHOWN = 6;
const COORDINATES = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;
const ONLY_NUMBERS = /^[\d\s]+$/; // "42 8" is no place on the globe, but perhaps a corner
/** @param {string} text */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * The place at coordinates that were typed; null for another text.
 * @param {string} typed
 * @returns {Pages.Named[] | null}
 */
export function placesAt(typed) {
  const found = ONLY_NUMBERS.test(typed) ? null : COORDINATES.exec(typed);
  if (!found) return null;
  const place = { lat: Number(found[1]), lng: Number(found[2]) };
  return Math.abs(place.lat) <= 90 && Math.abs(place.lng) <= 180 ? [{ name: found[0].trim(), place }] : [];
}

/**
 * The places whose names contain a text; those that begin with it come first.
 * @param {Pages.Named[]} places
 * @param {string} typed
 */
export function placesNamed(places, typed) {
  const wanted = plain(typed);
  const fits = places.filter(({ name }) => wanted && plain(name).includes(wanted));
  /** @param {Pages.Named} named */
  const begins = ({ name }) => Number(!plain(name).startsWith(wanted));
  return fits.sort((a, b) => begins(a) - begins(b)).slice(0, SHOWN);
}

/**
 * Two lists as one, each name once. The first keeps its order, since it is on the screen already.
 * @param {Pages.Named[]} shown
 * @param {Pages.Named[]} more
 */
export function together(shown, more) {
  const names = new Set(shown.map(({ name }) => plain(name)));
  return [...shown, ...more.filter(({ name }) => !names.has(plain(name)))].slice(0, SHOWN);
}
