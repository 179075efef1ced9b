// Why this partner, in a sentence for either side.

import { distance } from "./format.js";
import { fill, gettext, ngettext } from "./i18n.js";

/**
 * For the partner; "" for an offer that an older release wrote.
 * @param {Pick<Api.Offer, "why">} offer
 */
export function whyYou({ why }) {
  if (!why) return "";
  const words =
    why.rank === 1
      ? ngettext(
          "You are the only one free near enough, %(distance)s away.",
          "You are the nearest of %(count)s who are free, %(distance)s away.",
          why.of,
        )
      : gettext("You are one of %(count)s who are free near enough, %(distance)s away.");
  return fill(words, { count: why.of, distance: distance(why.distanceM) });
}

/**
 * For the user; "" before somebody has accepted.
 * @param {Pick<Api.CheerRequest, "why">} request
 */
export function whyThem({ why }) {
  if (!why) return "";
  const words =
    why.rank === 1
      ? ngettext(
          "The only free partner near enough, %(distance)s away when we asked.",
          "The nearest of %(count)s free partners, %(distance)s away when we asked.",
          why.of,
        )
      : gettext("One of %(count)s free partners near enough, %(distance)s away when we asked.");
  return fill(words, { count: why.of, distance: distance(why.distanceM) });
}
