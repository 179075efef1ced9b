// A socket that stays: it comes back after every break, asks for what it missed, and says when it is stale.

import { askedMs, waitMs } from "./backoff.js";
import { Pulse } from "./pulse.js";
import { Sequence } from "./sequence.js";

const LOOK_EVERY_MS = 1000;
const ACK_AFTER_MS = 200; // one acknowledgement for all that came meanwhile
const SIGNED_OUT = 4401;
const FINAL = new Set([SIGNED_OUT, 4403, 4409]); // signed out, wrong role, replaced: coming back would not help

/** @typedef {"connecting" | "live" | "lost" | "ended"} SocketState */
/** @typedef {ReturnType<typeof setTimeout>} Timer */

/** @template {Frames.Any} Frame */
export class LiveSocket {
  #path;
  #onFrame;
  #onState;
  /** @type {WebSocket | null} */
  #socket = null;
  #sequence = new Sequence();
  #pulse = new Pulse();
  #failures = 0;
  /** @type {Timer | undefined} */
  #timer;
  /** @type {Timer | undefined} */
  #ackTimer;
  /** @type {SocketState} */
  state = "connecting";

  /**
   * @param {string} path
   * @param {object} about
   * @param {(frame: Frame) => void} about.onFrame Gets every frame, each event once and in order. One with `replayed`
   *   is older than the state that `hello` has just given.
   * @param {(state: SocketState, about: { signedOut?: boolean }) => void} about.onState Is told of each change.
   */
  constructor(path, { onFrame, onState }) {
    this.#path = path;
    this.#onFrame = onFrame;
    this.#onState = onState;
    setInterval(() => this.#beat(), LOOK_EVERY_MS);
    addEventListener("online", () => this.#hurry());
    addEventListener("pageshow", () => this.#hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#hurry());
    addEventListener("offline", () => this.#drop());
    this.#connect();
  }

  get live() {
    return this.state === "live";
  }

  /**
   * Send a frame if there is a connection; says whether there was.
   * @param {Frames.Command} frame
   */
  send(frame) {
    if (!this.live || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const address = new URL(this.#path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    for (const [name, value] of Object.entries(this.#sequence.resume)) address.searchParams.set(name, value);
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#pulse.begin(Date.now());
    socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code, event.reason);
  }

  /** @param {any} frame */
  #receive(frame) {
    this.#pulse.heard(Date.now());
    if (!this.#sequence.take(frame)) return;
    if (frame.type === "hello") {
      this.#failures = 0;
      this.#become("live");
    }
    if (frame.type !== "pong") this.#onFrame(frame);
    if (frame.seq) this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_AFTER_MS);
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  #closed(code, reason = "") {
    this.#socket = null;
    if (FINAL.has(code)) {
      this.#become("ended", { signedOut: code === SIGNED_OUT });
      return;
    }
    this.#become("lost");
    const asked = askedMs(reason);
    this.#timer = setTimeout(() => this.#connect(), asked ?? waitMs(this.#failures));
    if (asked === null) this.#failures += 1;
  }

  #acknowledge() {
    this.#ackTimer = undefined;
    this.send({ type: "ack", seq: this.#sequence.last });
  }

  #beat() {
    if (!this.#socket) return;
    const due = this.#pulse.due(Date.now(), this.live);
    if (due === "drop") this.#drop();
    else if (due === "ping") this.send({ type: "ping" });
  }

  /** Give a silent socket up: its own close event may take minutes. */
  #drop() {
    const socket = this.#socket;
    if (!socket) return;
    this.#closed(0);
    socket.close();
  }

  /** The device is back: don't sit out the rest of a long wait, nor trust a connection that may have died meanwhile. */
  #hurry() {
    if (this.#timer !== undefined) this.#connect();
    else this.#beat();
  }

  /**
   * @param {SocketState} state
   * @param {{ signedOut?: boolean }} [about]
   */
  #become(state, about = {}) {
    if (state === this.state) return;
    this.state = state;
    this.#onState(state, about);
  }
}
