// Whether a socket is still alive. A browser shows its scripts nothing of the protocol's own pings, so these look for a
// dead connection themselves: it is found at the latest 9 s after the last sign of life.

const PING_AFTER_MS = 4000; // of silence
const SILENCE_MS = 8000;
const OPENING_MS = 10_000; // for the handshake and the first frame

export class Pulse {
  #heardAt = 0;
  #pingedAt = 0;

  /**
   * A connection is being opened.
   * @param {number} now
   */
  begin(now) {
    this.#heardAt = now;
    this.#pingedAt = now;
  }

  /**
   * A frame has come.
   * @param {number} now
   */
  heard(now) {
    this.#heardAt = now;
  }

  /**
   * What is to be done with the connection at this moment. A ping counts as sent.
   * @param {number} now
   * @param {boolean} live Whether the first frame has come.
   * @returns {"drop" | "ping" | "nothing"}
   */
  due(now, live) {
    const asleep = now - this.#pingedAt > SILENCE_MS; // so were we: the timers of a hidden page may rest for a minute
    if (now - this.#heardAt > (live ? SILENCE_MS : OPENING_MS) && !(live && asleep)) return "drop";
    if (!live || now - Math.max(this.#heardAt, this.#pingedAt) < PING_AFTER_MS) return "nothing";
    this.#pingedAt = now;
    return "ping";
  }
}
