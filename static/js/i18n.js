// The page's language: Django's JavaScript catalog, a classic script before the modules. Without it, English.

export const gettext = window.gettext ?? ((text) => text);
export const ngettext = window.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

/** Put `values` into the `%(name)s` of a translated sentence. */
export function fill(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
