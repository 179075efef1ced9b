// How long to wait before the next try.

/**
 * Full jitter: anything between nothing and a ceiling that doubles with each failure. After a restart of the server
 * its clients must not all come back at once. `random` gives numbers in [0, 1).
 * @param {number} failures In a row, so far.
 * @param {{ firstMs?: number, longestMs?: number, random?: () => number }} [how]
 */
export function waitMs(failures, { firstMs = 500, longestMs = 20_000, random = Math.random } = {}) {
  return random() * Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30));
}
