// A socket that stays: it comes back after every break, asks for what it missed, and says when it is stale.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;
const PING_EVERY_MS = 10_000;
const SILENCE_MS = 25_000; // longer than two pings: the connection is dead, whatever the browser thinks
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
  #timer = null;
  state = "connecting"; // connecting | live | lost | ended

  /**
   * `onFrame(frame)` gets every frame. One with `replayed` is older than the state that `hello` has just given.
   * `onState(state, {signedOut})` is told of each change.
   */
  constructor(path, { onFrame, onState }) {
    this.#path = path;
    this.#onFrame = onFrame;
    this.#onState = onState;
    setInterval(() => this.#beat(), PING_EVERY_MS);
    addEventListener("online", () => this.#hurry());
    addEventListener("pageshow", () => this.#hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#hurry());
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
    this.#heardAt = Date.now();
    socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    if (frame.type === "hello") {
      this.#helloSeq = this.#seq = frame.seq;
      this.#failures = 0;
      this.#become("live");
    } else if (frame.seq) {
      frame.replayed = frame.seq <= this.#helloSeq;
      this.#seq = Math.max(this.#seq, frame.seq);
    }
    if (frame.type !== "pong") this.#onFrame(frame);
  }

  #closed(code) {
    this.#socket = null;
    if (FINAL.has(code)) {
      this.#become("ended", { signedOut: code === SIGNED_OUT });
      return;
    }
    this.#become("lost");
    // Full jitter: after a restart of the server the clients must not come back all at once.
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), ceiling / 4 + Math.random() * ceiling * 0.75);
  }

  #beat() {
    if (!this.#socket) return;
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#drop();
    else this.send({ type: "ping" });
  }

  /** Give a silent socket up: its own close event may take minutes. */
  #drop() {
    const socket = this.#socket;
    this.#closed(0);
    socket.close();
  }

  /** The device is back: don't sit out the rest of a long wait. */
  #hurry() {
    if (this.#timer !== null) this.#connect();
  }

  #become(state, about = {}) {
    if (state === this.state) return;
    this.state = state;
    this.#onState(state, about);
  }
}
