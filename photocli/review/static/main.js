/** Starts the page: what came with it, then the views, the keys and the events. */

import { state, VIEWS } from "./state.js";
import { list } from "./api.js";
import { settle } from "./judging.js";
import { say } from "./messages.js";
import { key as keyInGrid, enter as enterGrid, leave as leaveGrid } from "./grid.js";

const LOADERS = {
  grid: async () => ({ enter: enterGrid, leave: leaveGrid, key: keyInGrid }),
  loupe: () => import("./loupe.js"),
  compare: () => import("./compare.js"),
  survey: () => import("./survey.js"),
  undecided: () => import("./undecided.js"),
};

/** The views that were opened already, by name. */
const loaded = new Map();

async function show({ view, before, ids }) {
  if (before !== view) loaded.get(before)?.leave();
  if (!loaded.has(view)) loaded.set(view, await LOADERS[view]());
  if (state.view !== view) return; // another one was opened meanwhile
  for (const name of VIEWS) document.getElementById(name).hidden = name !== view;
  document.body.dataset.view = view;
  loaded.get(view).enter(ids);
}

function begin() {
  const start = JSON.parse(document.getElementById("start").textContent);
  settle(start.rows);
  state.on("view", (detail) => show(detail).catch((error) => say(error.message, { kind: "error" })));
  document.addEventListener("keydown", (event) => loaded.get(state.view)?.key(event) && event.preventDefault());
  state.open("grid", []);
  list(state.filter, state.sort, state.down).then(({ version, ids, groups, total }) => {
    state.version = version;
    state.list(ids, groups, total);
  });
}

begin();
