// The page's language. The texts are a script of the page's (none for English, which is what the code speaks).

const catalogue = globalThis.django;

export const language = document.documentElement.lang || "en";

/**
 * A sentence in the page's language. Name its gaps: `fill(gettext("Hello %(name)s"), { name })`.
 * @type {(sentence: string) => string}
 */
export const gettext = catalogue?.gettext ?? ((sentence) => sentence);

/**
 * The form of a sentence that fits a number.
 * @type {(one: string, many: string, n: number) => string}
 */
export const ngettext = catalogue?.ngettext ?? ((one, many, n) => (n === 1 ? one : many));

/**
 * Put values into a sentence's gaps.
 * @param {string} sentence
 * @param {object} values By the gaps' names.
 */
export function fill(sentence, values) {
  const texts = /** @type {Record<string, unknown>} */ (values);
  return sentence.replace(/%\((\w+)\)s/g, (_, name) => String(texts[name]));
}
