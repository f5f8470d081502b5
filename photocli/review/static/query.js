/**
 * The text of a filter and its terms. The text is what counts: chips change it, and read themselves out of it, so what
 * a person typed and what they chose never differ.
 */

const TERM = /([a-z_]+)\s*(>=|<=|==|!=|~|>|<)\s*("[^"]*"|'[^']*'|[^\s"']+)/gi;

/** `{field, operator, value, text}` of each term, in their order. */
export function terms(text) {
  return [...text.matchAll(TERM)].map(([whole, field, operator, value]) => ({
    field: field.toLowerCase(), operator, value: value.replace(/^["']|["']$/g, ""), text: whole,
  }));
}

/** The text without a field's terms (those that `which` picks), and with another one where there is one. */
export function changed(text, which, term = null) {
  const rest = text.replace(TERM, (whole, field, operator, value) =>
    which({ field: field.toLowerCase(), operator, value: value.replace(/^["']|["']$/g, "") }) ? " " : whole);
  const clean = rest.replace(/\s+/g, " ").replace(/^( ?and\b)+|(\band ?)+$/gi, "").replace(/\band( and)+\b/gi, "and").trim();
  return term ? `${clean} ${term}`.trim() : clean;
}

/** A value as the language wants it: in quotes where it has spaces. */
export function quoted(value) {
  return /^[\w.:+-]+$/.test(value) ? value : `"${value.replaceAll('"', "")}"`;
}
