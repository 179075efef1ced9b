// The device's own position, and why it can't be had, in words.

import { gettext } from "./i18n.js";
import { Problem } from "./problem.js";

/** @typedef {Api.Location & { accuracyM: number }} Fix */

/**
 * By the browser's error codes.
 * @type {Record<number, string>}
 */
const WHY_NOT = {
  1: gettext("Your browser does not let this page know where you are."),
  2: gettext("Your device can't tell where it is right now."),
  3: gettext("Finding your location took too long."),
};
const OPTIONS = { enableHighAccuracy: true, timeout: 10_000, maximumAge: 10_000 };

export const hasGeolocation = () => isSecureContext && "geolocation" in navigator;

/**
 * @param {GeolocationPosition} found
 * @returns {Fix}
 */
const placeOf = ({ coords }) => ({ lat: coords.latitude, lng: coords.longitude, accuracyM: coords.accuracy });

/** @param {{ code: number, message: string }} error */
function problem(error) {
  return new Problem(WHY_NOT[error.code] ?? WHY_NOT[2], { cause: error });
}

/**
 * Where the device is. Rejects with a Problem.
 * @returns {Promise<Fix>}
 */
export function whereAmI() {
  if (!hasGeolocation()) return Promise.reject(problem({ code: 2, message: "no geolocation here" }));
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      (found) => resolve(placeOf(found)),
      (error) => reject(problem(error)),
      OPTIONS,
    );
  });
}

/**
 * Follow the device; returns a function that stops it.
 * @param {(place: Fix) => void} onPlace
 * @param {(problem: Problem) => void} onProblem
 */
export function follow(onPlace, onProblem) {
  if (!hasGeolocation()) {
    onProblem(problem({ code: 2, message: "no geolocation here" }));
    return () => {};
  }
  const watch = navigator.geolocation.watchPosition(
    (found) => onPlace(placeOf(found)),
    (error) => onProblem(problem(error)),
    OPTIONS,
  );
  return () => navigator.geolocation.clearWatch(watch);
}
