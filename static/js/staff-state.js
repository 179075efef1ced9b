// What the staff page knows, by region, and what follows from it. No function here touches the page.

const MINUTE_MS = 60_000;
const SHOWN = 60;
// The places of a minute's figures, as ops/live/minutes.py lists them.
const FIGURES = ["requests", "offers", "accepts", "waitedS", "unmatched", "sessions"];
export const SILENT_MS = 5000; // without a frame for this time, the page is stale
const COUNTED_MS = 5000;

/**
 * Take one frame in.
 * @param {Pages.Live} live
 * @param {Frames.Staff} frame
 */
export function take(live, frame) {
  if (frame.type === "hello") Object.assign(live, frame.live);
  else if (frame.type === "now") live.now[frame.region] = frame.counts;
  else if (frame.type === "alerts") live.alerts[frame.region] = frame.alerts;
  else if (frame.type === "minutes") live.minutes[frame.region] = { ...live.minutes[frame.region], ...frame.minutes };
  else if (frame.type === "revenue") live.revenue[frame.region] = { ...live.revenue[frame.region], ...frame.minutes };
  else if (frame.type === "health") live.health = frame.parts;
  else if (frame.type === "tick") {
    live.at = frame.at;
    live.countedAt = frame.countedAt;
  }
}

/**
 * The counts of a region, or of all together.
 * @param {Pages.Live} live
 * @param {string} slug "" for all.
 * @returns {Api.Counts}
 */
export function totals(live, slug) {
  /** @type {Api.Counts} */
  const sum = { oldestPendingS: null };
  for (const [region, counts] of Object.entries(live.now)) if (!slug || region === slug) addCounts(sum, counts);
  return sum;
}

/**
 * The open alerts of a region and of the whole system, or all: those that nobody deals with first, then the newest.
 * @param {Pages.Live} live
 * @param {string} slug "" for all.
 */
export function alertsOf(live, slug) {
  const shown = Object.entries(live.alerts).filter(([region]) => !slug || !region || region === slug);
  return shown
    .flatMap(([, alerts]) => alerts)
    .sort((a, b) => Number(isHandled(a)) - Number(isHandled(b)) || b.firedAt - a.firedAt);
}

/**
 * The status of an open alert; "" once it is over.
 * @param {Pages.Live} live
 * @param {string} id
 */
export const alertState = (live, id) =>
  Object.values(live.alerts)
    .flat()
    .find(({ alertId }) => alertId === id)?.status ?? "";

/** @param {Pages.Alert} alert */
const isHandled = ({ status }) => status === "acknowledged" || status === "silenced";

/**
 * @param {Api.Counts} sum
 * @param {Api.Counts} counts
 */
function addCounts(sum, { oldestPendingS, ...counts }) {
  if (oldestPendingS !== null) sum.oldestPendingS = Math.max(sum.oldestPendingS ?? 0, oldestPendingS);
  for (const [name, value] of Object.entries(counts))
    sum[name] = typeof value === "number" ? Number(sum[name] ?? 0) + value : added(sum[name], value);
}

/**
 * @param {any} sum
 * @param {Record<string, number> | null} counts By status.
 */
function added(sum, counts) {
  const statuses = { ...sum };
  for (const [status, n] of Object.entries(counts ?? {})) statuses[status] = (statuses[status] ?? 0) + n;
  return statuses;
}

/**
 * A count by its path, such as "rides.en_route".
 * @param {Api.Counts} counts
 * @param {string} path
 * @returns {number}
 */
export const countAt = (counts, path) =>
  path.split(".").reduce((part, name) => part?.[name], /** @type {any} */ (counts)) ?? 0;

/**
 * The minutes of the last hour, oldest first.
 * @param {Pages.Live} live
 */
function hour(live) {
  const last = Math.floor(live.at / MINUTE_MS);
  return Array.from({ length: SHOWN }, (_, index) => last - SHOWN + 1 + index);
}

/**
 * A figure in each minute of the last hour.
 * @param {Pages.Live} live
 * @param {string} slug
 * @param {string} name One of `FIGURES`.
 */
function figures(live, slug, name) {
  const place = FIGURES.indexOf(name);
  const regions = Object.entries(live.minutes).filter(([region]) => !slug || region === slug);
  return hour(live).map((minute) => regions.reduce((sum, [, minutes]) => sum + (minutes[minute]?.[place] ?? 0), 0));
}

/** @param {number[]} values */
const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

/**
 * The mean wait in each minute in which a request was accepted, in seconds; its total is the hour's mean.
 * @param {Pages.Live} live
 * @param {string} slug
 */
function waits(live, slug) {
  const [waited, accepts] = [figures(live, slug, "waitedS"), figures(live, slug, "accepts")];
  const all = sumOf(accepts);
  return {
    values: waited.map((seconds, index) => (accepts[index] ? seconds / accepts[index] : 0)),
    total: all ? sumOf(waited) / all : null,
  };
}

/**
 * The hour's revenue by currency, and the line of the currency with the most.
 * @param {Pages.Live} live
 * @param {string} slug
 */
export function revenue(live, slug) {
  /** @type {Record<string, number[]>} */
  const lines = {};
  for (const [region, minutes] of Object.entries(live.revenue))
    if (!slug || region === slug)
      for (const [index, minute] of hour(live).entries())
        for (const [currency, amount] of Object.entries(minutes[minute] ?? {})) {
          lines[currency] ??= Array(SHOWN).fill(0);
          lines[currency][index] += amount;
        }
  const amounts = Object.entries(lines).map(([currency, values]) => ({ currency, amount: sumOf(values) }));
  amounts.sort((a, b) => b.amount - a.amount);
  return { amounts, values: lines[amounts[0]?.currency] ?? [] };
}

/**
 * A line of the last hour by its name, and the figure for all of it; null if there is none.
 * @param {Pages.Live} live
 * @param {string} slug
 * @param {string} name
 * @returns {{ values: number[], total: number | null }}
 */
export function line(live, slug, name) {
  if (name === "wait") return waits(live, slug);
  const values = figures(live, slug, name);
  return { values, total: sumOf(values) };
}

/**
 * The points of a line in a box, as SVG wants them: the largest value touches the top.
 * @param {number[]} values
 * @param {number} width
 * @param {number} height
 */
export function points(values, width, height) {
  const most = Math.max(...values, 0) || 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values.map((value, index) => `${round(index * step)},${round(height - (value / most) * height)}`).join(" ");
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/**
 * What is old, and since when: everything if no frame comes, the counts while the database does not answer.
 * @param {Pages.Live} live
 * @param {number} silentMs Since the last frame.
 * @returns {{ what: "all" | "counts", since: number } | null}
 */
export function staleness(live, silentMs) {
  if (silentMs > SILENT_MS) return { what: "all", since: live.at };
  if (live.countedAt && live.at - live.countedAt > COUNTED_MS) return { what: "counts", since: live.countedAt };
  return null;
}
