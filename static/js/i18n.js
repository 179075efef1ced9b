// The page's language. The texts are a script of the page's (none for English, which is what the code speaks).

const texts = globalThis.django;

export const language = document.documentElement.lang || "en";

/** A sentence in the page's language. Name its gaps: `fill(gettext("Hello %(name)s"), { name })`. */
export const gettext = texts?.gettext ?? ((sentence) => sentence);

/** The form of a sentence that fits a number. */
export const ngettext = texts?.ngettext ?? ((one, many, n) => (n === 1 ? one : many));

/** Put values into a sentence's gaps. */
export function fill(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
