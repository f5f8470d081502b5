/** What happens on the server, as it happens: scores that come in, ratings from other tabs, progress. */

import { state } from "./state.js";
import { rows } from "./api.js";
import { add, check, reload } from "./listing.js";
import { showProgress, lost } from "./progress.js";

const GATHER_MS = 120;
const AGAIN_MS = [500, 1000, 2000, 4000];
const HIDDEN_MS = 20000;
const CHECK_MS = 10000;

const changed = new Set();
let source = null;
let gathering = 0;
let failures = 0;
let hiding = 0;
let scoring = false;
let checked = 0;
/** Whether a person has begun to look; from then on nothing moves by itself. */
let touched = false;

/** Follows the server from the state's version on. */
export function begin() {
  connect();
  for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) {
    addEventListener(name, () => { touched = true; }, { once: true, passive: true });
  }
  // A browser has six connections to one server: a tab that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(disconnect, HIDDEN_MS);
    else if (!source) connect();
  });
}

function connect() {
  source = new EventSource(`events?since=${state.version}`);
  source.addEventListener("open", () => { failures = 0; lost(false); });
  source.addEventListener("progress", (event) => progress(JSON.parse(event.data)));
  source.addEventListener("rows", (event) => gather(JSON.parse(event.data)));
  source.addEventListener("conflict", (event) => state.emit("conflict", JSON.parse(event.data)));
  source.addEventListener("error", again);
}

function disconnect() {
  source?.close();
  source = null;
}

/** Connects anew from what is known by now, ever more slowly while nobody answers. */
function again() {
  disconnect();
  lost(failures > 1);
  setTimeout(() => source ?? (document.hidden || connect()), AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)]);
  failures += 1;
}

function gather({ version, ids }) {
  if (typeof version === "number") state.version = Math.max(state.version, version);
  for (const id of ids) changed.add(id);
  gathering ||= setTimeout(flush, GATHER_MS);
}

/** Fetches what changed of what is known; the rest is fetched when it is looked at. */
async function flush() {
  gathering = 0;
  const ids = [...changed];
  changed.clear();
  if (!state.filter) add(ids.filter((id) => state.place(id) < 0), { late: true });
  try {
    const known = ids.filter((id) => state.rows.has(id));
    const before = new Map(known.map((id) => [id, state.rows.get(id).state]));
    const judged = (await rows(known)).some((row) => row.state !== before.get(row.id));
    if (judged && !state.undo) state.steps(1, state.redo); // in another tab
  } catch {
    for (const id of ids) changed.add(id); // told again with the next event
  }
  if (scoring && performance.now() - checked > CHECK_MS) look();
}

function progress(told) {
  const busy = told.phase ? told.phase !== "done" : told.done < told.total;
  showProgress(told, busy);
  if (scoring && !busy) finish();
  scoring = busy;
}

/** Once all are scored the order is made anew, unless someone looks at it; then a button offers to. */
function finish() {
  if (touched) look();
  else reload().catch(() => {});
}

function look() {
  checked = performance.now();
  check().catch(() => {});
}
