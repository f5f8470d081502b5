/** Starts the page: what came with it, then the views, the keys and the events. */

import { state, VIEWS } from "./state.js";
import { settle } from "./judging.js";
import { reload } from "./listing.js";
import { say } from "./messages.js";
import * as bar from "./bar.js";
import * as conflicts from "./conflicts.js";
import * as drop from "./drop.js";
import * as events from "./events.js";
import * as filters from "./filters.js";
import * as grid from "./grid.js";
import * as keys from "./keys.js";
import * as address from "./address.js";

const LOADERS = {
  grid: async () => grid,
  loupe: () => import("./loupe.js"),
  compare: () => import("./compare.js"),
  survey: () => import("./survey.js"),
  undecided: () => import("./undecided.js"),
};

/** The views that were opened already, by name. */
const loaded = new Map();

async function show({ view, before, ids, zoom }) {
  if (before !== view) loaded.get(before)?.leave();
  if (!loaded.has(view)) loaded.set(view, await LOADERS[view]());
  if (state.view !== view) return; // another one was opened meanwhile
  for (const name of VIEWS) document.getElementById(name).hidden = name !== view;
  document.body.dataset.view = view;
  loaded.get(view).enter(ids);
  if (zoom) loaded.get(view).zoomIn?.();
}

function failed(error) {
  say(`${error.message} Reload the page if it does not go on.`, { kind: "error" });
  if (state.view !== "grid") state.open("grid");
}

async function begin() {
  const start = JSON.parse(document.getElementById("start").textContent);
  state.version = start.version;
  settle(start.rows);
  for (const part of [grid, filters, bar, conflicts, drop, address]) part.begin(start);
  keys.begin((event) => loaded.get(state.view)?.key(event) ?? false);
  state.on("view", (detail) => show(detail).catch(failed));
  state.steps(start.undo ?? 1, start.redo ?? 0); // what was judged before a reload can be taken back, too
  state.open("grid", []);
  await reload({ top: true }).catch((error) => say(error.message, { kind: "error" }));
  address.follow();
  events.begin();
}

begin();
