/**
 * The light table: frames side by side, with captions, that are zoomed in step.
 *
 * Compare, survey and the undecided groups lay their frames on it.
 */

import { state } from "./state.js";
import { url } from "./api.js";
import { caption, words } from "./captions.js";
import { Pane } from "./pane.js";
import { Peaking } from "./peaking.js";
import { Zoom } from "./zoom.js";

const CAPTION = 64; // pixels
const GAP = 8;
const LOWEST = 150; // of a cell; where they don't fit, the table scrolls
const NARROWEST = 180; // of a cell in which frames can be compared
const SHORTEST = 200;
const MOST = 6; // frames that an eye can hold, and full pictures that a memory can

const between = (least, value, most) => Math.max(least, Math.min(value, most));

/** @returns {import("./pane.js").Source} */
function source(id) {
  const row = state.rows.get(id);
  const { name = `Photo ${id}`, width = null, height = null } = row ?? {};
  return { name, width, height, thumb: url("thumb", id), preview: url("preview", id), full: url("full", id) };
}

/**
 * In how many columns frames are largest.
 * @param {number} aspect  width over height of a frame
 */
export function columns(count, width, height, aspect) {
  let best = { columns: 1, area: 0 };
  for (let across = 1; across <= count; across++) {
    const down = Math.ceil(count / across);
    const wide = (width - GAP * (across - 1)) / across;
    const high = (height - GAP * (down - 1)) / down;
    const fitted = Math.min(wide, (Math.max(LOWEST, high) - CAPTION) * aspect);
    const larger = fitted * fitted - best.area;
    if (larger > 0 || (larger === 0 && high < LOWEST)) best = { columns: across, area: fitted * fitted };
  }
  return best.columns;
}

/** Dispatches `active` when another frame became the active one, and `swipe` (detail -1 or 1). */
export class LightTable extends EventTarget {
  /** All frames to be looked at, and those that are shown. */
  all = [];
  ids = [];
  /** In how many columns they are. */
  across = 1;
  zoom = new Zoom();
  peaking = new Peaking(this.zoom);
  #cells = [];
  #active = null;
  #roles = new Map();
  #most = MOST;
  #stop;
  #watcher;

  /**
   * @param {HTMLElement} host  gets the frames
   * @param {{remove?: (id: number) => void}} options  `remove` puts a button on each frame that calls it
   */
  constructor(host, options = {}) {
    super();
    this.host = host;
    this.options = options;
    host.classList.add("table");
    this.#stop = state.on("rows", ({ ids }) => this.#refresh(ids));
    this.#watcher = new ResizeObserver(() => this.#layout());
    this.#watcher.observe(host);
  }

  /** The id of the frame that keys act on. */
  get active() {
    return this.#active;
  }

  /** Pairs of id and pane, in the order shown. @returns {[number, Pane][]} */
  get frames() {
    return this.#cells.map((cell) => [cell.id, cell.pane]);
  }

  /**
   * Shows frames in this order; of more than there is space for those about the active one.
   * @param {number[]} all
   * @param {number} active  the one that keys act on
   * @param {{roles?: Map<number, string>, most?: number}} options  `roles` say what frames are in the comparison
   */
  show(all, active = all[0], { roles = new Map(), most = this.capacity() } = {}) {
    this.all = all;
    this.#roles = roles;
    this.#most = most;
    const first = between(0, this.#from(all.indexOf(active)), all.length - most);
    const ids = all.slice(first, first + most);
    this.ids = ids;
    while (this.#cells.length > ids.length) this.#drop(this.#cells.pop());
    while (this.#cells.length < ids.length) this.#cells.push(this.#make());
    ids.forEach((id, at) => this.#fill(this.#cells[at], id));
    this.#layout();
    this.activate(active);
  }

  /** Makes a frame the active and the current one. */
  activate(id, { focus = false } = {}) {
    const cell = this.#cells.find((each) => each.id === id);
    if (!cell) return;
    const changed = this.#active !== id;
    this.#active = id;
    this.zoom.active = cell.pane;
    for (const each of this.#cells) {
      each.element.classList.toggle("active", each === cell);
      if (each === cell) each.element.setAttribute("aria-current", "true");
      else each.element.removeAttribute("aria-current");
      // Of many frames the tab key reaches the active one; the arrows reach the others.
      if (each.remover) each.element.tabIndex = each.remover.tabIndex = each === cell ? 0 : -1;
    }
    const focused = this.host.contains(document.activeElement) && !cell.element.contains(document.activeElement);
    if (focus || focused) cell.element.focus({ preventScroll: true });
    if (changed) cell.element.scrollIntoView({ block: "nearest" });
    state.focus(id);
    if (changed) this.dispatchEvent(new Event("active"));
  }

  /** The active frame in words. */
  spoken() {
    const row = state.rows.get(this.#active);
    return row ? words(row, this.#roles.get(row.id)) : "";
  }

  /** How many frames can be looked at in the space that there is. */
  capacity() {
    const { clientWidth, clientHeight } = this.host;
    return between(2, Math.floor(clientWidth / NARROWEST) * Math.floor(clientHeight / SHORTEST), MOST);
  }

  /** Makes the frame so many places on the active one, within the ends, and shows it. */
  go(by) {
    const { all } = this;
    const id = all[between(0, all.indexOf(this.#active) + by, all.length - 1)];
    if (this.ids.includes(id)) this.activate(id, { focus: true });
    else this.show(all, id, { roles: this.#roles, most: this.#most });
  }

  /** Where the frames shown begin, so that the one at this place is among them and few of them change. */
  #from(place) {
    const shown = this.all.indexOf(this.ids[0]);
    return between(place - this.#most + 1, Math.max(0, shown), place);
  }

  /** Zoom, peaking and locking by keys. @returns {boolean} whether the key was one of them */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (this.zoom.key(event)) return true;
    const key = event.key.toLowerCase();
    if (key === "k") this.peaking.toggle();
    else if (key === "l") this.zoom.link(!this.zoom.linked);
    else return false;
    return true;
  }

  close() {
    this.#stop();
    this.#watcher.disconnect();
    while (this.#cells.length) this.#drop(this.#cells.pop());
    this.peaking.close();
    this.host.replaceChildren();
  }

  #make() {
    const element = document.createElement("div");
    const glass = document.createElement("div");
    const under = document.createElement("div");
    Object.assign(element, { className: "cell", tabIndex: 0 });
    element.setAttribute("role", "group");
    under.className = "caption";
    element.append(glass, under);
    this.host.append(element);
    const cell = { id: null, element, under, pane: new Pane(glass, this.zoom) };
    this.peaking.watch(cell.pane);
    if (this.options.remove) element.append(this.#remover(cell));
    element.addEventListener("focusin", () => this.activate(cell.id));
    element.addEventListener("pointerdown", () => this.activate(cell.id, { focus: true }));
    cell.pane.addEventListener("swipe", ({ detail }) => this.dispatchEvent(new CustomEvent("swipe", { detail })));
    return cell;
  }

  #remover(cell) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "remove", textContent: "×" });
    made.addEventListener("pointerdown", (event) => event.stopPropagation());
    made.addEventListener("click", () => this.options.remove(cell.id));
    cell.remover = made;
    return made;
  }

  #fill(cell, id) {
    cell.id = id;
    cell.pane.show(source(id));
    const row = state.rows.get(id) ?? { name: `Photo ${id}`, status: "pending" };
    const role = this.#roles.get(id) ?? "";
    caption(cell.under, row, role);
    cell.element.setAttribute("aria-label", words(row, role));
    cell.element.dataset.pick = row.pick ?? "";
    cell.element.dataset.id = id;
    cell.remover?.setAttribute("aria-label", `Remove ${row.name} from the survey`);
  }

  #refresh(ids) {
    for (const cell of this.#cells) if (ids.includes(cell.id)) this.#fill(cell, cell.id);
  }

  #drop(cell) {
    this.peaking.forget(cell.pane);
    cell.pane.close();
    cell.element.remove();
  }

  #layout() {
    const { clientWidth, clientHeight } = this.host;
    if (!clientWidth || !this.ids.length) return;
    const { width, height } = state.rows.get(this.ids[0]) ?? {};
    const aspect = width && height ? width / height : 1.5;
    this.across = columns(this.ids.length, clientWidth, clientHeight, aspect);
    this.host.style.gridTemplateColumns = `repeat(${this.across}, minmax(0, 1fr))`;
    this.host.style.gridAutoRows = `minmax(${LOWEST}px, 1fr)`;
    this.host.classList.toggle("scrolls", this.host.scrollHeight > clientHeight + 4);
  }
}
