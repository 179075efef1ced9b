// How long to wait before the next try.

const ASKED = /^Retry-After: (\d{1,5})$/;
const LONGEST_ASKED_S = 300;

/**
 * Full jitter: anything between nothing and a ceiling that doubles with each failure. After a restart of the server
 * its clients must not all come back at once. `random` gives numbers in [0, 1).
 * @param {number} failures In a row, so far.
 * @param {{ firstMs?: number, longestMs?: number, random?: () => number }} [how]
 */
export function waitMs(failures, { firstMs = 500, longestMs = 20_000, random = Math.random } = {}) {
  return random() * Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30));
}

/**
 * How long a server that closed a socket with this reason wants its client to wait; null if it does not say. Those that
 * were given the same second keep apart.
 * @param {string} reason
 * @param {() => number} [random]
 */
export function askedMs(reason, random = Math.random) {
  const asked = ASKED.exec(reason);
  if (asked === null) return null;
  const afterS = Math.min(LONGEST_ASKED_S, Number(asked[1]));
  return 1000 * (afterS + random() * (1 + afterS / 10));
}
