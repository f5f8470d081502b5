/** One photo, large: the picture with what was found in it, the facts beside it, and its neighbours below. */

import { state } from "./state.js";
import { photo, prefetch, url } from "./api.js";
import { Zoom } from "./zoom.js";
import { Pane } from "./pane.js";
import { Film } from "./film.js";
import { Overlays } from "./overlays.js";
import { fillPanel } from "./panel.js";
import { ratingBar } from "./rating.js";
import { prefer, preference } from "./preferences.js";
import { announce } from "./messages.js";
import { button, counted, make } from "./make.js";

const FACTS_MS = 90; // a photo that is only passed is not asked about
const root = document.getElementById("loupe");

let parts = null;
let shown = null;
let pictured = null;
let waiting = 0;
let asking = null;
let known = null;
const listeners = [];

export function enter([id] = []) {
  parts ??= build();
  if (id !== undefined) state.focus(id);
  if (!listeners.length) {
    listeners.push(state.on("current", look), state.on("rows", ({ ids }) => ids.includes(shown) && changed()),
      state.on("list", () => parts.film.show(state.current)));
  }
  parts.panel.hidden = !wantsPanel();
  shown = null;
  look();
  parts.stage.focus({ preventScroll: true });
}

export function leave() {
  for (const stop of listeners.splice(0)) stop();
  clearTimeout(waiting);
  asking?.abort();
  shown = null;
}

export function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const name = event.key.toLowerCase();
  if (parts.zoom.key(event)) return true;
  if (parts.overlays.key(name)) return true;
  const step = { arrowleft: -1, arrowup: -1, pageup: -1, arrowright: 1, arrowdown: 1, pagedown: 1 }[name];
  if (step) state.focus(state.beside(state.current, step));
  else if (name === "home") state.focus(state.ids[0]);
  else if (name === "end") state.focus(state.ids.at(-1));
  else if (name === "i") togglePanel();
  else if (name === " " || name === "enter" || name === "escape") state.open("grid", []);
  else return false;
  return true;
}

/** Shows the picture at 100%, once it is there; for Z in the grid. */
export function zoomIn() {
  parts.pane.addEventListener("picture", () => parts.zoom.toggle(), { once: true });
}

function build() {
  const stage = make("div", "stage");
  stage.tabIndex = -1;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "Picture");
  const glass = make("div");
  const title = make("div", "title");
  stage.append(glass, title,
    step(-1, "Previous photo", "left"), step(1, "Next photo", "right"));
  const panel = make("aside", "panel");
  panel.setAttribute("aria-label", "Facts");
  panel.tabIndex = 0;
  const zoom = new Zoom();
  const pane = new Pane(glass, zoom);
  const overlays = new Overlays(pane);
  const film = new Film();
  pane.addEventListener("swipe", ({ detail }) => state.focus(state.beside(state.current, detail)));
  const percent = make("output", "percent");
  const measure = () => { percent.textContent = `${Math.round(100 * zoom.view(pane).scale / zoom.actual(pane))}%`; };
  zoom.addEventListener("change", measure);
  pane.addEventListener("picture", measure);
  const foot = make("div", "foot");
  foot.append(ratingBar(() => (state.current === null ? [] : [state.current]), "Rate this photo"),
    tools(zoom, overlays, percent));
  root.replaceChildren(stage, panel, foot, film.element);
  return { stage, glass, title, panel, zoom, pane, overlays, film };
}

function step(by, label, symbol) {
  return button("", () => state.focus(state.beside(state.current, by)), { className: `tool step ${symbol}`, label, symbol });
}

function tools(zoom, overlays, percent) {
  const box = make("div", "part looks");
  box.append(percent, button("", () => zoom.toggle(), { className: "tool", label: "100% and back (Z)", symbol: "zoom" }),
    ...overlays.buttons, button("", togglePanel, { className: "tool", label: "Facts beside the photo (I)", symbol: "info" }));
  return box;
}

const wantsPanel = () => (preference("panel") ?? (innerWidth > 900 ? "open" : "closed")) === "open";

function togglePanel() {
  parts.panel.hidden = !parts.panel.hidden;
  prefer("panel", parts.panel.hidden ? "closed" : "open");
}

/** Shows the current photo at once, and its facts when one stays with it. */
function look() {
  const id = state.current;
  if (id === null || id === shown || !parts) return;
  const back = shown !== null && state.place(id) < state.place(shown);
  shown = id;
  known = null;
  asking?.abort();
  parts.overlays.clear();
  picture(id);
  parts.film.show(id);
  entitle(id);
  prefetch([id, ...(back ? [-1, -2, 1] : [1, 2, -1]).map((by) => next(id, by))]);
  clearTimeout(waiting);
  waiting = setTimeout(() => ask(id), FACTS_MS);
}

const next = (id, by) => {
  const found = state.beside(id, by);
  return found === id ? null : found;
};

function picture(id) {
  const row = state.rows.get(id);
  if (id !== pictured) stayClose();
  pictured = id;
  parts.pane.show({ name: row?.name ?? "", thumb: url("thumb", id), preview: url("preview", id), full: url("full", id),
    width: row?.width ?? null, height: row?.height ?? null });
}

/** Shows the next picture pixel by pixel, too, whatever its size, where this one is shown so. */
function stayClose() {
  const { pane, zoom } = parts;
  const { scale } = zoom.view(pane);
  if (scale < 1.01 || Math.abs(scale / zoom.actual(pane) - 1) > 0.01) return;
  pane.addEventListener("picture", () => zoom.to(zoom.actual(pane)), { once: true });
}

function entitle(id) {
  const row = state.rows.get(id);
  const name = make("span", "name", row?.name ?? "");
  name.dir = "auto";
  const place = `${counted(state.place(id) + 1)} of ${counted(state.ids.length)}`;
  parts.title.replaceChildren(name, make("span", "place", place));
  announce(`${row?.name ?? "Photo"}, ${place}`);
}

async function ask(id) {
  asking = new AbortController();
  try {
    const found = await photo(id, asking.signal);
    if (id !== shown) return;
    known = found;
    entitle(id);
    picture(id);
    parts.overlays.show(id, found.overlay ?? {});
    fillPanel(parts.panel, id, found);
  } catch (error) {
    if (error.name !== "AbortError" && id === shown) fillPanel(parts.panel, id, { error: error.message });
  }
}

/** The photo's row changed: scored meanwhile, rated, or another file by now. */
function changed() {
  picture(shown);
  const row = state.rows.get(shown);
  const stale = known && (known.row?.score !== row?.score || known.row?.v !== row?.v || known.row?.status !== row?.status);
  if (!stale) return;
  known = null;
  clearTimeout(waiting);
  waiting = setTimeout(() => ask(shown), FACTS_MS);
}
