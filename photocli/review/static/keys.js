/** The keyboard, as in Lightroom: the view that is open comes first, then what holds everywhere. */

import { state } from "./state.js";
import { redo, undo } from "./api.js";
import { rate } from "./rate.js";
import { showHelp } from "./help.js";
import { announce, say } from "./messages.js";

const LABELS = { 6: "Red", 7: "Yellow", 8: "Green", 9: "Blue", v: "Purple" };
const FLAGS = { p: 1, x: -1, u: 0 };
const VIEWS = { g: "grid", e: "loupe", c: "compare", n: "survey", d: "undecided" };

/** Listens to keys; `viewKey(event)` hands one to the open view and says whether it took it. */
export function begin(viewKey) {
  document.addEventListener("keydown", (event) => {
    capsLock(event);
    if (ignored(event)) return;
    if (viewKey(event) || everywhere(event)) event.preventDefault();
  });
  document.addEventListener("keyup", capsLock);
}

function capsLock(event) {
  const on = Boolean(event.getModifierState?.("CapsLock"));
  if (on === state.capsLock) return;
  state.capsLock = on;
  state.emit("preference", { name: "advance", value: on });
}

/** Keys that belong to a field, a dialog, or to the button that has the focus. */
function ignored(event) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return true;
  const field = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (field) {
    if (event.key === "Escape") leaveField(field);
    return true;
  }
  const button = event.target.closest?.("button, a, summary");
  return Boolean(button) && (event.key === "Enter" || event.key === " ");
}

function leaveField(field) {
  field.blur();
  state.emit("current", { id: state.current, before: state.current });
}

function everywhere(event) {
  const key = event.key.toLowerCase();
  if (event.altKey) return false;
  if (event.ctrlKey || event.metaKey) return withControl(event, key);
  if (key === "?" || key === "f1") showHelp();
  else if (key === "/") document.getElementById("query").focus();
  else if (key === "escape") return up();
  else if (key === "z" && state.view === "grid" && state.ids.length) state.open("loupe", undefined, { zoom: true });
  else if (key in VIEWS && !event.shiftKey) open(VIEWS[key]);
  else return rating(event, key);
  return true;
}

function withControl(event, key) {
  if (key === "z" && !event.shiftKey) takeBack(undo, "undo", "Undone.");
  else if (key === "y" || (key === "z" && event.shiftKey)) takeBack(redo, "redo", "Done again.");
  else if (key === "a" && !event.shiftKey) state.select(state.ids);
  else if (key === "d" && !event.shiftKey) state.select([]);
  else return false;
  return true;
}

/** Takes the last step back, or makes it again, and shows the photo that changed. */
export async function takeBack(act, name, words) {
  const { rows } = await act(); // another tab may have done what is taken back, so the server knows
  const [row] = rows;
  if (!row) return announce(`Nothing to ${name}.`);
  if (state.place(row.id) >= 0 && ["grid", "loupe"].includes(state.view)) state.focus(row.id);
  return announce(words);
}

function up() {
  if (state.view === "grid") return false;
  state.open("grid");
  return true;
}

/** Opens a view over what is selected, else over the current photo's group, else over it and the next one. */
export function open(view) {
  if (!state.ids.length && view !== "undecided") return say("There is no photo to show.");
  if (view === "grid" || view === "undecided") return state.open(view, []);
  if (view === "loupe") return state.open(view);
  const chosen = state.ids.filter((id) => state.selected.has(id));
  if (chosen.length > 1) return state.open(view, chosen);
  const group = state.group(state.current);
  const pair = [state.current, state.beside(state.current, 1)].filter((id, at, all) => all.indexOf(id) === at);
  return state.open(view, group.length > 1 ? group : pair);
}

/** Digits by what they print, and by their place where a layout prints something else without Shift. */
function digit(event) {
  if (/^[0-9]$/.test(event.key)) return event.key;
  return /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1] ?? null;
}

function rating(event, key) {
  const number = digit(event);
  const targets = state.targets();
  const advance = state.advance || state.capsLock || event.shiftKey;
  if (number !== null && number <= "5") rate(targets, { stars: Number(number) }, advance);
  else if ((number ?? key) in LABELS) rate(targets, { label: labelled(targets, LABELS[number ?? key]) }, advance);
  else if (key in FLAGS) rate(targets, { pick: FLAGS[key] }, advance);
  else return false;
  return true;
}

/** A colour that all have already is taken back. */
function labelled(ids, colour) {
  return ids.every((id) => state.rows.get(id)?.label?.toLowerCase() === colour.toLowerCase()) ? null : colour;
}
