// The order of a socket's events: each counts once, and a socket that comes back says from where to go on.

export class Sequence {
  /** @type {number | null} */
  #last = null;
  #helloSeq = 0;

  /** The number of the newest event seen; null before the first hello. */
  get last() {
    return this.#last;
  }

  /**
   * Take a frame, and mark it as `replayed` if it is older than the state that the hello before it has given.
   * @param {Frames.Any} frame
   * @returns {boolean} Whether it is new.
   */
  take(frame) {
    if (frame.type === "hello") {
      // What is replayed is counted on from where we were, so that a break in the middle of it loses nothing.
      this.#helloSeq = frame.seq;
      if (!frame.resumed) this.#last = frame.seq;
    } else if (frame.seq) {
      if (frame.seq <= (this.#last ?? 0)) return false;
      frame.replayed = frame.seq <= this.#helloSeq;
      this.#last = frame.seq;
    }
    return true;
  }
}
