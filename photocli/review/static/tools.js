/** The buttons over a light table: zoom, locking, focus peaking; views add their own. */

import { state } from "./state.js";
import { button, make } from "./make.js";
import { ratingBar } from "./rating.js";

let rating = null;

/** The bar that rates the active frame; there is one, which goes from view to view. */
export function footer() {
  rating ??= ratingBar(() => state.targets(), "Rate the active frame");
  rating.classList.add("foot");
  return rating;
}

/** A button that is pressed or not. */
export function switcher(text, act, options) {
  const made = button(text, act, options);
  made.setAttribute("aria-pressed", "false");
  return made;
}

export function press(element, pressed) {
  element.setAttribute("aria-pressed", String(pressed));
}

/** How large the active frame is shown, in pixels of the screen for one of the picture. */
function size(zoom) {
  const pane = zoom.active;
  if (!pane?.sheet) return "";
  return `${Math.round((pane.fitted().width * zoom.view(pane).scale * devicePixelRatio * 100) / pane.width)}%`;
}

/**
 * The tools of a table.
 * @param {import("./table.js").LightTable} table
 * @param {HTMLElement[]} before  stand at the left, such as a heading
 * @param {HTMLElement[]} after  stand after the tools
 */
export function tools(table, before, after = []) {
  const { zoom, peaking } = table;
  const bar = make("div", "bench");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Comparison");
  const shown = make("span", "zoomed");
  const linked = switcher("Together", () => zoom.link(!zoom.linked), { label: "Zoom frames together (L)", className: "tool wide" });
  const focus = switcher("Focus", () => peaking.toggle(), { label: "Mark what is in focus (K)", symbol: "focus", className: "tool wide" });
  const step = (text, label, act) => button(text, act, { label, className: "tool sign" });
  const scale = make("div", "scale");
  scale.append(
    step("−", "Zoom out (−)", () => zoom.by(0.8)),
    shown,
    step("+", "Zoom in (+)", () => zoom.by(1.25)),
    step("1:1", "Pixel by pixel, and back (Z)", () => zoom.toggle()),
    step("Fit", "Whole frames, in line again", () => zoom.fit()),
  );
  const tell = () => {
    shown.textContent = size(zoom);
    press(linked, zoom.linked);
    press(focus, peaking.on);
  };
  zoom.addEventListener("change", tell);
  zoom.addEventListener("linked", tell);
  peaking.addEventListener("change", tell);
  table.addEventListener("active", tell);
  tell();
  bar.append(...before, make("span", "push"), scale, linked, focus, ...after);
  return bar;
}
