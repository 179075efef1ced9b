// The list of open alerts on the staff page. Painting twice shows the same.

import { $, make, show, text } from "./dom.js";
import { duration } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { alertsOf } from "./staff-state.js";

/** @type {Record<Pages.Alert["status"], string>} */
const SENTENCES = {
  firing: gettext("fires for %(time)s"),
  escalated: gettext("fires for %(time)s; nobody has acknowledged it"),
  acknowledged: gettext("acknowledged; fires for %(time)s"),
  silenced: gettext("silenced; fires for %(time)s"),
};

/**
 * @param {Pages.Live} live
 * @param {string} slug "" for all regions.
 */
export function paintAlerts(live, slug) {
  const list = $("#alerts");
  if (!list) return; // not for this member of staff
  const alerts = alertsOf(live, slug);
  while (list.children.length > alerts.length) list.lastElementChild?.remove();
  for (const [index, alert] of alerts.entries()) paintAlert(list.children[index] ?? add(list), alert, list, live.at);
  show($("#no-alerts"), alerts.length === 0);
}

/**
 * @param {Element} item
 * @param {Pages.Alert} alert
 * @param {HTMLElement} list
 * @param {number} now In milliseconds.
 */
function paintAlert(item, { alertId, rule, scope, summary, severity, status, firedAt }, list, now) {
  const row = /** @type {HTMLElement} */ (item);
  row.dataset.severity = severity;
  row.dataset.status = status;
  const link = $("a", row);
  const href = `${list.dataset.href}${alertId}/change/`;
  if (link.getAttribute("href") !== href) link.href = href;
  text(link, scope ? `${rule} (${scope})` : rule);
  text($(".alert-summary", row), summary);
  text($(".alert-since", row), fill(SENTENCES[status], { time: duration((now - firedAt) / 1000) }));
}

/** @param {HTMLElement} list */
function add(list) {
  const item = make(
    "li",
    { className: "alert" },
    make("a"),
    make("span", { className: "alert-summary" }),
    make("span", { className: "alert-since hint" }),
  );
  list.append(item);
  return item;
}
