// An error that somebody in front of the page is told of.

export class Problem extends Error {
  /**
   * @param {string} sentence Fit to be shown, in the page's language.
   * @param {ErrorOptions} [options]
   */
  constructor(sentence, options) {
    super(sentence, options);
    this.sentence = sentence;
  }
}
