/** Elements, made without markup, so that no file name can become any. */

/** An element with a class and a text. */
export function make(tag, className = "", text = null) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== null) element.textContent = text;
  return element;
}

/** An icon of `icons.html`; it says nothing, so what holds it needs a name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button with a text, or with an icon and a name (`label`) that is read and shown as a tip. */
export function button(text, act, { className = "", label = null, symbol = null } = {}) {
  const made = make("button", className);
  made.type = "button";
  if (symbol) made.append(icon(symbol));
  if (text) made.append(make("span", "", text));
  if (label) {
    made.setAttribute("aria-label", label);
    made.title = label;
  }
  made.addEventListener("click", act);
  return made;
}

/** A `<select>` of `[value, text]` pairs. */
export function choice(pairs, value = "") {
  const select = make("select");
  for (const [each, text] of pairs) select.append(new Option(text, each));
  select.value = value;
  return select;
}

/** A modal dialog with a heading and a button that closes it; it is taken away when it closes. */
export function dialog(heading, ...content) {
  const box = make("dialog");
  const title = make("h2", "", heading);
  title.id = `dialog-${Date.now()}`;
  box.setAttribute("aria-labelledby", title.id);
  const top = make("div", "dialog-top");
  top.append(title, button("", () => box.close(), { className: "tool", label: "Close", symbol: "close" }));
  const body = make("div", "dialog-body");
  body.append(...content);
  body.tabIndex = 0; // so that it can be scrolled by keys
  box.append(top, body);
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

const NUMBER = new Intl.NumberFormat("en");

/** `1,234`. */
export const counted = (number) => NUMBER.format(number);

/** `1 photo`, `1,234 photos`. */
export const photos = (number) => `${counted(number)} ${number === 1 ? "photo" : "photos"}`;
