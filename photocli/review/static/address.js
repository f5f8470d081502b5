/** The view in the address, behind `#`: so that Back leads from a photo to the grid, and a reload to the same photo. */

import { state } from "./state.js";

let ready = false; // what the page was opened with is read before anything is written

/** Writes the address when another view or photo is looked at, and reads it when the browser goes back. */
export function begin() {
  state.on("view", ({ view, before }) => write(view !== before && before === "grid" ? "pushState" : "replaceState"));
  state.on("current", () => state.view === "loupe" && write("replaceState"));
  addEventListener("popstate", follow);
}

function write(how) {
  if (!ready) return;
  const next = state.view === "grid" ? "#" : `#${state.view}${state.view === "loupe" && state.current !== null ? `/${state.current}` : ""}`;
  if (location.hash !== next && (location.hash || next !== "#")) history[how](null, "", next === "#" ? location.pathname : next);
}

/** Opens what the address says; other views than these need more than an address. */
export function follow() {
  const first = !ready;
  ready = true;
  if (first && state.view !== "grid") return; // a person was quicker than the list of photos
  const [, view, id] = /^#(loupe|undecided)(?:\/(\d+))?$/.exec(location.hash) ?? [null, "grid", null];
  if (view === "loupe" && state.place(Number(id)) < 0) return;
  if (view !== state.view || (id !== null && id !== undefined && Number(id) !== state.current)) {
    state.open(view, view === "loupe" ? [Number(id)] : []);
  }
}
