// What a live page knows. Several sources write to it: the socket, answers to calls, and what is pressed. An answer
// may be older than what another source has told meanwhile, so every change raises the version.

/** @template {object} State */
export class Store {
  /** @type {State} */
  #state;
  #version = 0;
  /** @type {Set<(state: Readonly<State>) => void>} */
  #subscribers = new Set();

  /** @param {State} state */
  constructor(state) {
    this.#state = { ...state };
  }

  /** @returns {Readonly<State>} The present state; later changes show in the same object. */
  get state() {
    return this.#state;
  }

  /**
   * Call `subscriber` after every change, until the returned function is called.
   * @param {(state: Readonly<State>) => void} subscriber
   * @returns {() => void}
   */
  subscribe(subscriber) {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /**
   * Put news into the state. Answers still on their way are outdated by it.
   * @param {Partial<State>} [news]
   */
  change(news = {}) {
    this.#version += 1;
    this.complete(news);
  }

  /**
   * Put details into the state that outdate no answer: the rest of what is known already.
   * @param {Partial<State>} details
   */
  complete(details) {
    Object.assign(this.#state, details);
    for (const subscriber of this.#subscribers) subscriber(this.#state);
  }

  /**
   * Ask, and apply the answer only if nothing has changed since. Says whether it was applied.
   * @template Answer
   * @param {() => Promise<Answer>} question
   * @param {(answer: Answer) => void} apply
   */
  async ask(question, apply) {
    const asked = this.#version;
    const answer = await question();
    if (asked !== this.#version) return false;
    apply(answer);
    return true;
  }
}
