/**
 * What the page knows of the shoot, and who wants to hear of changes.
 *
 * Everything that several parts of the page look at is here, and nowhere else: which photos are shown and in which
 * order, what is known of each, which one is current, which are selected, which view is open.
 */

/** The views; each is a module with `enter(ids)`, `leave()` and `key(event) -> boolean`. */
export const VIEWS = ["grid", "loupe", "compare", "survey", "undecided"];

/**
 * Events (`state.on(name, fn)`; `fn` gets the detail):
 * - `list` `{top}`: the photos shown, or their order, are others.
 * - `rows` `{ids}`: these rows are known now or have changed.
 * - `current` `{id, before}`, `selected`, `view` `{view, before, ids, zoom}`.
 * - `history` `{undo, redo}`: how many steps can be taken back, and taken again.
 * - `progress` `{done, total, rate, left_s, failed}`, `conflict` `{id, stands, message, change}`.
 * - `judged` `{ids, change}`: a judgement is on the disk.
 * - `outdated` `{outdated, why}`: whether another order is due than the one on screen.
 * - `preference` `{name, value}`, `advance`: a view that lays out frames by itself may go on to the next one.
 */
class State extends EventTarget {
  /** Ids of the photos shown, filtered and sorted. Replaced as a whole, never changed in place. */
  ids = [];
  /** Groups among all photos: lists of ids, the best first. */
  groups = [];
  /** What is known of the photos, by id; a photo whose row was not fetched yet is absent. */
  rows = new Map();
  /** The id that the keys act on, or null. */
  current = null;
  /** Ids that were selected; where there are any, ratings go to all of them. */
  selected = new Set();
  view = "grid";
  /** The version of the shoot that `ids` are from. */
  version = 0;
  filter = "";
  sort = "score";
  down = true;
  total = 0;
  /** How many steps can be taken back, and taken again. */
  undo = 0;
  redo = 0;
  /** Whether a rating moves on to the next photo; Caps Lock does the same while it is on. */
  advance = false;
  capsLock = false;

  #places = new Map();
  #groups = new Map();

  /** Calls `listener(detail)` at each event of that name; returns a function that ends it. */
  on(name, listener) {
    const handler = (event) => listener(event.detail ?? {});
    this.addEventListener(name, handler);
    return () => this.removeEventListener(name, handler);
  }

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The place of a photo among those shown; -1 where it is not shown. */
  place(id) {
    return this.#places.get(id) ?? -1;
  }

  /** The photo that stands `step` places after this one, kept within the list; null where none is shown. */
  beside(id, step) {
    if (!this.ids.length) return null;
    const at = Math.max(this.place(id), 0) + step;
    return this.ids[Math.min(Math.max(at, 0), this.ids.length - 1)];
  }

  /** Replaces the photos shown. What is no longer shown is no longer selected or current; `top` shows the first. */
  list(ids, groups = this.groups, total = ids.length, { top = false } = {}) {
    const before = this.place(this.current);
    this.ids = ids;
    this.#places = new Map(ids.map((id, place) => [id, place]));
    if (groups !== this.groups) this.#groups = new Map(groups.flatMap((group) => group.map((id) => [id, group])));
    this.groups = groups;
    this.total = total;
    for (const id of this.selected) if (!this.#places.has(id)) this.selected.delete(id);
    this.emit("list", { top });
    if (this.place(this.current) < 0) this.focus(ids[Math.min(Math.max(before, 0), ids.length - 1)] ?? null);
    this.emit("selected");
  }

  /** Stores rows as they stand now and says which. */
  put(rows) {
    if (!rows.length) return;
    for (const row of rows) this.rows.set(row.id, row);
    this.emit("rows", { ids: rows.map((row) => row.id) });
  }

  /** Makes a photo the current one. */
  focus(id) {
    if (id === this.current) return;
    const before = this.current;
    this.current = id;
    this.emit("current", { id, before });
  }

  /** Replaces the selection. */
  select(ids) {
    this.selected = new Set(ids);
    this.emit("selected");
  }

  /** The photos that a rating goes to: the selected ones in the grid, else the current one. */
  targets() {
    if (this.view === "grid" && this.selected.size) return this.ids.filter((id) => this.selected.has(id));
    return this.current === null ? [] : [this.current];
  }

  /** The ids of a photo's group, the best first; the photo alone where it is in none. */
  group(id) {
    return this.#groups.get(id) ?? [id];
  }

  /** Opens a view over some photos (for `loupe` the one to look at; by default the current one), at 100% if `zoom`. */
  open(view, ids = this.current === null ? [] : [this.current], { zoom = false } = {}) {
    const before = this.view;
    this.view = view;
    if (ids.length && !ids.includes(this.current)) this.focus(ids[0]);
    this.emit("view", { view, before, ids, zoom });
  }

  /** Notes how many steps can be taken back and taken again. */
  steps(undo, redo) {
    [this.undo, this.redo] = [undo, redo];
    this.emit("history", { undo, redo });
  }
}

export const state = new State();
