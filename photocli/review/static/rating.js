/** The bar of stars, flags and colours: for the mouse, for fingers, and to see what a key has done. */

import { state } from "./state.js";
import { icon, make } from "./make.js";
import { rate } from "./rate.js";

const COLOURS = [["Red", 6], ["Yellow", 7], ["Green", 8], ["Blue", 9], ["Purple", "V"]];

/** A bar that rates what `targets()` gives; it follows the state by itself. */
export function ratingBar(targets, name) {
  const bar = make("div", "rating");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", name);
  const stars = [1, 2, 3, 4, 5].map((n) => press("star", `${n} star${n === 1 ? "" : "s"}`, n, { stars: n }));
  const flags = [press("pick", "Pick", "P", { pick: 1 }), press("reject", "Reject", "X", { pick: -1 })];
  const colours = COLOURS.map(([colour, key]) => press(null, colour, key, { label: colour }));
  for (const each of colours) each.dataset.label = each.change.label.toLowerCase();
  bar.append(part("stars", stars), part("flags", flags), part("colours", colours));
  const all = [...stars, ...flags, ...colours];
  for (const each of all) each.addEventListener("click", () => rate(targets(), toggled(each)));
  const update = () => show(all, targets());
  for (const event of ["rows", "current", "selected", "view"]) state.on(event, update);
  return bar;
}

function part(name, buttons) {
  const made = make("div", `part ${name}`);
  made.append(...buttons);
  return made;
}

function press(symbol, name, key, change) {
  const made = make("button", symbol ? `press ${symbol}` : "press colour");
  made.type = "button";
  made.title = `${name} (${key})`;
  made.setAttribute("aria-label", name);
  made.change = change;
  made.append(symbol ? icon(symbol) : make("i"));
  return made;
}

/** What pressing a button asks for: what it says, or nothing where that stands already. */
function toggled(each) {
  if (each.getAttribute("aria-pressed") !== "true") return each.change;
  const [field] = Object.keys(each.change);
  return { [field]: field === "label" ? null : 0 };
}

/** Shows what all of the photos have in common. */
function show(all, ids) {
  const rows = ids.map((id) => state.rows.get(id)).filter(Boolean);
  const common = (field) => {
    const [first] = rows;
    return first && rows.every((row) => row[field] === first[field]) ? first[field] : undefined;
  };
  const [stars, pick, label, proposed, proposal] = ["stars", "pick", "label", "proposed", "proposal"].map(common);
  for (const each of all) {
    const { change } = each;
    const own = (change.stars !== undefined && stars === change.stars) || (change.pick !== undefined && pick === change.pick) ||
      (change.label !== undefined && label?.toLowerCase() === change.label.toLowerCase());
    each.setAttribute("aria-pressed", own);
    each.classList.toggle("on", own || (change.stars !== undefined && change.stars <= (stars ?? 0)));
    each.classList.toggle("maybe", !own && ((change.stars !== undefined && stars === null && change.stars <= (proposed ?? 0)) ||
      (change.pick === 1 && pick === null && proposal === "pick") || (change.pick === -1 && pick === null && proposal === "reject")));
    each.disabled = !rows.some((row) => row.can_judge);
  }
}
