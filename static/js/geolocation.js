// The device's own position, and why it can't be had, in words.

import { gettext } from "./i18n.js";

const WHY_NOT = {
  1: gettext("Your browser does not let this page know where you are."),
  2: gettext("Your device can't tell where it is right now."),
  3: gettext("Finding your location took too long."),
};
const OPTIONS = { enableHighAccuracy: true, timeout: 10_000, maximumAge: 10_000 };

export const hasGeolocation = () => isSecureContext && "geolocation" in navigator;

const placeOf = ({ coords }) => ({ lat: coords.latitude, lng: coords.longitude, accuracyM: coords.accuracy });

function problem(error) {
  return Object.assign(new Error(error.message), {
    sentence: WHY_NOT[error.code] ?? WHY_NOT[2],
    denied: error.code === 1,
  });
}

/** Where the device is: {lat, lng, accuracyM}. Rejects with an error that has a `sentence`. */
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

/** Follow the device; returns a function that stops it. */
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
