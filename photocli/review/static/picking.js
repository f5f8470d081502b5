/** Choosing photos in the grid: by mouse, by touch and by keys. */

import { state } from "./state.js";
import { judge } from "./api.js";
import { unstack } from "./listing.js";
import { onLongPress } from "./touch.js";

/** Where a range starts. */
let anchor = null;

/** Listens to the mouse and to fingers on the cards. */
export function listenToPointers(canvas) {
  canvas.addEventListener("click", (event) => clicked(event));
  canvas.addEventListener("dblclick", (event) => {
    const id = idOf(event.target);
    if (id !== null && !event.target.closest(".star, .stack")) state.open("loupe", [id]);
  });
  onLongPress(canvas, (element) => {
    const id = idOf(element);
    if (id === null) return;
    state.focus(id);
    toggle(id);
  });
}

function idOf(element) {
  const card = element.closest(".card");
  return card ? Number(card.dataset.id) : null;
}

function clicked(event) {
  const id = idOf(event.target);
  if (id === null) return;
  const star = event.target.closest(".star");
  if (star && event.pointerType !== "touch") return rate(id, Number(star.dataset.stars));
  if (event.target.closest(".stack")) return unstack(id);
  if (event.shiftKey) return range(id);
  if (event.ctrlKey || event.metaKey) return add(id);
  if (event.pointerType === "touch") return tapped(id);
  anchor = id;
  state.focus(id);
  if (state.selected.size) state.select([]);
}

/** A tap opens a photo; while some are selected it selects. */
function tapped(id) {
  state.focus(id);
  if (state.selected.size) toggle(id);
  else state.open("loupe", [id]);
}

/** A click on a star gives so many; on the one that stands already it takes them back. */
function rate(id, stars) {
  state.focus(id);
  judge([id], { stars: state.rows.get(id)?.stars === stars ? null : stars });
}

function add(id) {
  if (!state.selected.size && state.current !== null && state.current !== id) state.selected.add(state.current);
  state.focus(id);
  toggle(id);
}

function toggle(id) {
  const next = new Set(state.selected);
  if (!next.delete(id)) next.add(id);
  anchor = id;
  state.select(next);
}

function range(id) {
  const from = state.place(anchor) >= 0 ? anchor : state.current ?? id;
  anchor = from;
  const [a, b] = [state.place(from), state.place(id)].sort((one, other) => one - other);
  state.select(state.ids.slice(a, b + 1));
  state.focus(id);
}

/** The grid's own keys: arrows and pages, ranges, opening. `target(key)` says where a key leads, or null. */
export function pressed(event, target) {
  const to = event.altKey || event.ctrlKey || event.metaKey ? null : target(event.key);
  if (to !== null) {
    if (event.shiftKey) range(to);
    else {
      anchor = to;
      state.focus(to);
    }
    return true;
  }
  if (event.key === " " && (event.ctrlKey || event.metaKey)) toggle(state.current);
  else if (event.key === "Escape" && state.selected.size) state.select([]);
  else if ((event.key === "Enter" || event.key === " ") && state.current !== null) state.open("loupe", [state.current]);
  else if (event.key.toLowerCase() === "s" && !event.ctrlKey && !event.metaKey && state.current !== null) unstack(state.current);
  else return false;
  return true;
}
