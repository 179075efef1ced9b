// The order of a socket's events: each counts once, and a socket that comes back says from where to go on.

export class Sequence {
  /** @type {number | null} */
  #last = null;
  #epoch = "";
  #helloSeq = 0;

  /** The number of the newest event seen; null before the first hello. */
  get last() {
    return this.#last;
  }

  /** Where to go on from, as the parameters of an address; empty before the first hello. */
  get resume() {
    /** @type {Record<string, string>} */
    const parameters = {};
    if (this.#last !== null) parameters.after = String(this.#last);
    if (this.#last !== null && this.#epoch) parameters.epoch = this.#epoch;
    return parameters;
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
      // Without a resumption the numbers start over: a failover may have lost events that were seen here.
      if (!frame.resumed) this.#at(frame.seq, frame.epoch);
    } else if (frame.seq) {
      if (frame.seq <= (this.#last ?? 0)) return false;
      frame.replayed = frame.seq <= this.#helloSeq;
      this.#at(frame.seq, frame.epoch);
    }
    return true;
  }

  /**
   * @param {number} seq
   * @param {string} [epoch]
   */
  #at(seq, epoch) {
    this.#last = seq;
    this.#epoch = epoch ?? this.#epoch;
  }
}
