// A socket that stays: it comes back after every break, asks for what it missed, and says when it is stale.

import { waitMs } from "./backoff.js";

// A browser shows its scripts nothing of the protocol's own pings, so that these look for a dead connection:
// found at the latest 9 s after the last sign of life.
const LOOK_EVERY_MS = 1000;
const PING_AFTER_MS = 4000; // of silence
const SILENCE_MS = 8000;
const OPENING_MS = 10_000; // for the handshake and the first frame
const ACK_AFTER_MS = 200; // one acknowledgement for all that came meanwhile
const SIGNED_OUT = 4401;
const FINAL = new Set([SIGNED_OUT, 4403, 4409]); // signed out, wrong role, replaced: coming back would not help

export class LiveSocket {
  #path;
  #onFrame;
  #onState;
  #socket = null;
  #seq = null; // the newest event seen
  #helloSeq = 0;
  #failures = 0;
  #heardAt = 0;
  #pingedAt = 0;
  #timer = null;
  #ackTimer = null;
  state = "connecting"; // connecting | live | lost | ended

  /**
   * `onFrame(frame)` gets every frame, each event once and in order. One with `replayed` is older than the state
   * that `hello` has just given.
   * `onState(state, {signedOut})` is told of each change.
   */
  constructor(path, { onFrame, onState }) {
    this.#path = path;
    this.#onFrame = onFrame;
    this.#onState = onState;
    setInterval(() => this.#beat(), LOOK_EVERY_MS);
    addEventListener("online", () => this.#hurry());
    addEventListener("pageshow", () => this.#hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#hurry());
    addEventListener("offline", () => this.#socket && this.#drop());
    this.#connect();
  }

  get live() {
    return this.state === "live";
  }

  /** Send a frame if there is a connection; says whether there was. */
  send(frame) {
    if (!this.live || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const address = new URL(this.#path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    if (this.#seq !== null) address.searchParams.set("after", this.#seq);
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#heardAt = this.#pingedAt = Date.now();
    socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    if (frame.type === "hello") {
      // What is replayed is counted on from where we were, so that a break in the middle of it loses nothing.
      this.#helloSeq = frame.seq;
      if (!frame.resumed) this.#seq = frame.seq;
      this.#failures = 0;
      this.#become("live");
    } else if (frame.seq) {
      if (frame.seq <= this.#seq) return;
      frame.replayed = frame.seq <= this.#helloSeq;
      this.#seq = frame.seq;
    }
    if (frame.type !== "pong") this.#onFrame(frame);
    if (frame.seq) this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_AFTER_MS);
  }

  #closed(code) {
    this.#socket = null;
    if (FINAL.has(code)) {
      this.#become("ended", { signedOut: code === SIGNED_OUT });
      return;
    }
    this.#become("lost");
    this.#timer = setTimeout(() => this.#connect(), waitMs(this.#failures));
    this.#failures += 1;
  }

  #acknowledge() {
    this.#ackTimer = null;
    this.send({ type: "ack", seq: this.#seq });
  }

  #beat() {
    if (!this.#socket) return;
    const now = Date.now();
    const asleep = now - this.#pingedAt > SILENCE_MS; // so were we: the timers of a hidden page may rest for a minute
    if (now - this.#heardAt > (this.live ? SILENCE_MS : OPENING_MS) && !(this.live && asleep)) {
      this.#drop();
    } else if (this.live && now - Math.max(this.#heardAt, this.#pingedAt) >= PING_AFTER_MS) {
      this.#pingedAt = now;
      this.send({ type: "ping" });
    }
  }

  /** Give a silent socket up: its own close event may take minutes. */
  #drop() {
    const socket = this.#socket;
    this.#closed(0);
    socket.close();
  }

  /** The device is back: don't sit out the rest of a long wait, nor trust a connection that may have died meanwhile. */
  #hurry() {
    if (this.#timer !== null) this.#connect();
    else this.#beat();
  }

  #become(state, about = {}) {
    if (state === this.state) return;
    this.state = state;
    this.#onState(state, about);
  }
}
