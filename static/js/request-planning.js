// A cheer for later: the time, as the clocks of the region show it, and what is planned already.

import { get, post } from "./api.js";
import { $, announce, make, show, text, whilePressed } from "./dom.js";
import { dayAndTime } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { Problem } from "./problem.js";

const STEP_MS = 300_000;
const TOMORROW_AT_H = 18;
const SOON_MS = 3_600_000; // from then on it may become a request while this page is open
const FOLLOW_EVERY_MS = 15_000;

/**
 * How far a zone's clocks are ahead of UTC at a moment, in milliseconds.
 * @param {number} moment
 * @param {string} [timeZone]
 */
function offsetMs(moment, timeZone) {
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" };
  const parts = new Intl.DateTimeFormat("en", { ...shape, hour: "numeric", minute: "numeric", second: "numeric" });
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    parts.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
  );
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
}

/**
 * The moment at which clocks in a zone show this: "2026-05-02T18:00".
 * @param {string} local
 * @param {string} [timeZone] The device's own if it is not given.
 */
export function momentOf(local, timeZone) {
  const naive = Date.parse(`${local}:00Z`);
  const guess = naive - offsetMs(naive, timeZone);
  return new Date(naive - offsetMs(guess, timeZone)); // once more, in case the clocks change in between
}

/**
 * What clocks in a zone show at a moment.
 * @param {number} moment
 * @param {string} [timeZone]
 */
const localOf = (moment, timeZone) => new Date(moment + offsetMs(moment, timeZone)).toISOString().slice(0, 16);

export class Planning {
  #zone;
  #planned;

  /**
   * @param {Api.ScheduledRequest[]} planned What is scheduled already.
   * @param {{ zone: () => string | undefined }} about The time zone of the chosen place.
   */
  constructor(planned, { zone }) {
    this.#zone = zone;
    this.#planned = planned;
    $(".when").addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "when") this.#switch();
    });
    this.#paint();
    setInterval(() => this.#follow().catch(() => {}), FOLLOW_EVERY_MS);
  }

  /** When a planned cheer has become a request, that is what there is to see. */
  async #follow() {
    const soon = this.#planned.filter(({ scheduledFor }) => Date.parse(scheduledFor) - Date.now() < SOON_MS);
    if (!soon.length || document.hidden) return;
    const ours = new Set(soon.map(({ scheduledRequestId }) => scheduledRequestId));
    const { results } = await get("/scheduledRequest");
    const made = results.find(({ scheduledRequestId, requestId }) => requestId && ours.has(scheduledRequestId));
    if (made) location.assign(`/cheer/${made.requestId}`);
  }

  get #later() {
    return $('input[name="when"][value="later"]').checked;
  }

  #switch() {
    show($("#later-field"), this.#later);
    text($("#submit"), this.#later ? gettext("Plan this cheer") : gettext("Cheer me on"));
    if (!this.#later) return;
    const [zone, field] = [this.#zone(), $("#later")];
    const now = Math.ceil(Date.now() / STEP_MS) * STEP_MS;
    field.min = localOf(now, zone);
    const tomorrow = localOf(now + 86_400_000, zone).slice(0, 10);
    field.value ||= `${tomorrow}T${TOMORROW_AT_H}:00`;
    field.focus();
  }

  /** When it is wanted, as the API writes it; null for now. */
  moment() {
    if (!this.#later) return null;
    const { value } = $("#later");
    if (!value) {
      $("#later").focus();
      throw new Problem(gettext("Choose a day and a time first."));
    }
    return momentOf(value, this.#zone()).toISOString();
  }

  /** @param {Api.ScheduledRequest} scheduled */
  add(scheduled) {
    this.#planned = [...this.#planned, scheduled];
    $('input[name="when"][value="now"]').checked = true;
    this.#switch();
    this.#paint();
    $("#planned").scrollIntoView({ block: "nearest" });
    announce(fill(gettext("Planned for %(time)s."), { time: dayAndTime(scheduled.scheduledFor, this.#zone()) }));
  }

  #paint() {
    const rows = this.#planned.map((scheduled) => this.#row(scheduled));
    $("#planned-list").replaceChildren(...rows);
    show($("#planned"), rows.length > 0);
  }

  /** @param {Api.ScheduledRequest} scheduled */
  #row(scheduled) {
    const when = make("strong", { textContent: dayAndTime(scheduled.scheduledFor, this.#zone()) });
    const kind = $(`input[name="requestType"][value="${CSS.escape(scheduled.requestType)}"]`)?.closest("label");
    const what = make("span", { className: "muted", textContent: kind?.textContent.trim() ?? scheduled.requestType });
    const off = make("button", { type: "button", className: "plain", textContent: gettext("Cancel it") });
    off.addEventListener("click", () =>
      whilePressed(off, async () => {
        await post(`/scheduledRequest/${scheduled.scheduledRequestId}/cancel`);
        this.#planned = this.#planned.filter((other) => other !== scheduled);
        this.#paint();
      }),
    );
    return make("li", {}, make("p", {}, when, " ", what), off);
  }
}
