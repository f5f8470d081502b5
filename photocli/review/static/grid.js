/**
 * The grid: a list of which only the cards that are seen exist. Cards are used again as they leave the window, so that
 * 20,000 photos cost as much as 60.
 */

import { state } from "./state.js";
import { rows as fetchRows } from "./api.js";
import { fill, makeCard, mark } from "./cards.js";
import { corner, fullHeight, layout, pageRows, seen } from "./layout.js";
import { listenToPointers, pressed } from "./picking.js";
import { preference, prefer } from "./preferences.js";
import { leave as leaveThumb, rest } from "./thumbs.js";

const OVER = 2; // rows beyond the window that exist
const AHEAD = 6; // rows beyond it whose facts are fetched
const SOON_MS = 30;

const scroller = document.getElementById("grid");
const canvas = document.getElementById("cards");
const empty = document.getElementById("empty");
const bar = document.getElementById("selection");
const mounted = new Map(); // place -> card
const free = [];
const asked = new Set();
let made = layout(800, 220);
let size = Number(preference("size")) || 220;
let drawing = 0;
let lastTop = 0;
let soon = 0;
let here = false;

/** Listens to the state; to be called once. */
export function begin() {
  const slider = document.getElementById("size");
  slider.value = size;
  slider.addEventListener("input", () => { size = Number(slider.value); relay(); });
  slider.addEventListener("change", () => prefer("size", size));
  scroller.addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(() => relay()).observe(scroller);
  listenToPointers(canvas);
  state.on("list", listed);
  state.on("rows", ({ ids }) => refresh(new Set(ids)));
  state.on("selected", () => { for (const [place, card] of mounted) mark(card, state.ids[place]); });
  state.on("current", ({ id, before }) => moved(id, before));
}

export function enter() {
  here = true;
  relay();
  reveal(state.place(state.current));
  draw();
  take();
}

export function leave() {
  here = false;
}

/** Where a key of the arrows and of the page leads from the current photo; null for other keys. */
function target(key) {
  const { columns } = made;
  const tall = scroller.clientHeight;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity,
    PageUp: -columns * pageRows(made, tall), PageDown: columns * pageRows(made, tall) };
  if (!(key in steps) || !state.ids.length) return null;
  const at = Math.max(state.place(state.current), 0);
  const to = at + steps[key];
  // Up and down keep their column: beyond the first and the last row nothing happens.
  if (Math.abs(steps[key]) === columns && (to < 0 || to >= state.ids.length)) return lastRow(at, to);
  return state.ids[Math.min(Math.max(to, 0), state.ids.length - 1)];
}

function lastRow(at, to) {
  const last = state.ids.length - 1;
  const below = to > last && Math.floor(last / made.columns) > Math.floor(at / made.columns);
  return state.ids[below ? last : at];
}

export const key = (event) => pressed(event, target);

function listed({ top }) {
  document.getElementById("first")?.remove();
  const none = state.ids.length === 0;
  canvas.hidden = none;
  empty.hidden = !none;
  empty.textContent = state.total ? "No photo matches this filter." : "No photos were found here.";
  const anchor = top ? null : anchored();
  const focused = document.activeElement === document.body || canvas.contains(document.activeElement);
  made = layout(scroller.clientWidth, size);
  canvas.style.height = `${fullHeight(made, state.ids.length)}px`;
  for (const card of mounted.values()) store(card);
  mounted.clear();
  if (top) scroller.scrollTop = 0;
  else restore(anchor);
  draw();
  if (focused && here) take();
}

/** The photo under the eye, and how far from the top of the window it stands. */
function anchored() {
  const place = state.place(state.current);
  const card = mounted.get(place);
  const all = [...mounted].filter(([, each]) => bottom(each) > scroller.scrollTop).sort(([a], [b]) => a - b);
  const [, chosen] = card && inside(card) ? [place, card] : all[0] ?? [];
  return chosen ? { id: Number(chosen.dataset.id), off: chosen.top - scroller.scrollTop } : null;
}

const bottom = (card) => card.top + made.height;
const inside = (card) => card.top >= scroller.scrollTop && bottom(card) <= scroller.scrollTop + scroller.clientHeight;

function restore(anchor) {
  const place = anchor ? state.place(anchor.id) : -1;
  if (place >= 0) scroller.scrollTop = corner(made, place).y - anchor.off;
}

/** Lays the cards out again when the window or their size changed; what was looked at stays in sight. */
function relay() {
  if (scroller.hidden || !scroller.clientWidth) return;
  const anchor = anchored();
  made = layout(scroller.clientWidth, size);
  canvas.style.height = `${fullHeight(made, state.ids.length)}px`;
  for (const [place, card] of mounted) position(card, place);
  restore(anchor);
  draw();
}

function scrolled() {
  if (Math.abs(scroller.scrollTop - lastTop) > scroller.clientHeight / 2) rest();
  lastTop = scroller.scrollTop;
  drawing ||= requestAnimationFrame(draw);
}

function draw() {
  cancelAnimationFrame(drawing);
  drawing = 0;
  const [first, last] = seen(made, scroller.scrollTop, scroller.clientHeight, state.ids.length, OVER);
  const current = state.place(state.current); // keeps the focus, wherever it is scrolled to
  for (const [place, card] of mounted) {
    if ((place >= first && place < last) || place === current) continue;
    mounted.delete(place);
    store(card);
  }
  for (let place = first; place < last; place += 1) mount(place);
  if (current >= 0) mount(current);
  for (const card of free) hide(card);
  clearTimeout(soon);
  soon = setTimeout(need, SOON_MS);
}

function store(card) {
  free.push(card);
}

function hide(card) {
  if (card.hidden) return;
  card.hidden = true;
  leaveThumb(card.parts.image);
}

function mount(place) {
  if (mounted.has(place)) return;
  const card = free.pop() ?? canvas.appendChild(makeCard());
  card.hidden = false;
  mounted.set(place, card);
  position(card, place);
  fill(card, state.ids[place], place);
}

function position(card, place) {
  const { x, y } = corner(made, place);
  card.top = y;
  card.style.width = `${made.width}px`;
  card.style.height = `${made.height}px`;
  card.style.transform = `translate(${x}px, ${y}px)`;
}

function refresh(ids) {
  for (const [place, card] of mounted) if (ids.has(state.ids[place])) fill(card, state.ids[place], place);
}

/** Fetches the rows around the window that are not known. */
async function need() {
  const [first, last] = seen(made, scroller.scrollTop, scroller.clientHeight, state.ids.length, AHEAD);
  const ids = state.ids.slice(first, last).filter((id) => !state.rows.has(id) && !asked.has(id));
  if (!ids.length) return;
  for (const id of ids) asked.add(id);
  try {
    await fetchRows(ids);
  } catch {
    // The bar says so when the server is gone; what is missing is asked for at the next scroll.
  } finally {
    for (const id of ids) asked.delete(id);
  }
}

/** Scrolls as far as it takes to show the card at a place, above the bar of a selection. */
function reveal(place) {
  if (place < 0) return;
  const { y } = corner(made, place);
  const [top, tall] = [scroller.scrollTop, scroller.clientHeight - (bar.hidden ? 0 : bar.offsetHeight + made.gap)];
  if (y - made.gap < top) scroller.scrollTop = y - made.padding;
  else if (y + made.height + made.gap > top + tall) scroller.scrollTop = y + made.height + made.padding - tall;
}

function moved(id, before) {
  if (!here) return;
  reveal(state.place(id));
  draw();
  for (const each of [before, id]) {
    const card = mounted.get(state.place(each));
    if (card) mark(card, each);
  }
  const focused = document.activeElement;
  if (focused === document.body || canvas.contains(focused)) take();
}

/** Gives the focus to the current card. */
export function take() {
  mounted.get(state.place(state.current))?.focus({ preventScroll: true });
}
