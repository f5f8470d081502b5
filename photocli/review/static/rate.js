/** Rating as one does it: of what is selected, said aloud, and on to the next photo where that is wanted. */

import { state } from "./state.js";
import { judge } from "./api.js";
import { announce } from "./messages.js";
import { photos } from "./make.js";

/** Rates photos, says so, and goes on to the next one if `advance`. */
export function rate(ids, change, advance = false) {
  if (!ids.length) return;
  const done = judge(ids, change);
  announce(`${ids.length === 1 ? state.rows.get(ids[0])?.name ?? "" : photos(ids.length)}: ${inWords(change)}`);
  const single = ids.length === 1 && ["grid", "loupe"].includes(state.view) && !state.selected.size;
  if (advance && single) state.focus(state.beside(ids[0], 1));
  else if (advance) state.emit("advance");
  return done;
}

/** What a change or a judgement says, in words. */
export function inWords({ stars, pick, label }) {
  const said = [];
  if (stars !== undefined) said.push(stars ? `${stars} star${stars === 1 ? "" : "s"}` : "no stars");
  if (pick !== undefined) said.push({ 1: "picked", [-1]: "rejected" }[pick] ?? "no flag");
  if (label !== undefined) said.push(label ? `label ${label.toLowerCase()}` : "no label");
  return said.join(", ");
}
