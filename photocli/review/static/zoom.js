/**
 * Zoom and pan over several pictures that stay in step.
 *
 * A view is a centre in fractions of the picture and a scale, where 1 fits the picture into its pane. So frames of
 * different size, and previews and full pictures of one frame, show the same part. `Zoom` holds the view that all
 * panes share, and `Pane` (in pane.js) shows one picture; a pane's own shift is added to it, for frames that were
 * aligned by hand or by a face.
 */

const STEP = 1.25; // by the keyboard and the buttons
const CLOSEST = 8; // device pixels for one of the picture, at most
const SETTLED_MS = 120; // without a change
const PIXELS = 300e6; // of full pictures at once, 4 bytes each
const PAN = 0.15; // of what is seen, by the keyboard

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const between = (least, value, most) => Math.min(Math.max(value, least), most);

/**
 * The view that panes share. Dispatches `change` when a pane shows something else, and `linked` when panes were locked or let free.
 */
export class Zoom extends EventTarget {
  x = 0.5;
  y = 0.5;
  scale = 1;
  /** Whether panes move together. */
  linked = true;
  /** The pane that the keyboard moves, if any. */
  active = null;
  /** Whether the view changed just now, so that another change is likely. */
  moving = false;
  #timer = 0;
  #panes = new Set();
  #waiting = false;

  /** @param {import("./pane.js").Pane} pane */
  add(pane) {
    this.#panes.add(pane);
    this.active ??= pane;
  }

  remove(pane) {
    this.#panes.delete(pane);
    if (this.active === pane) this.active = [...this.#panes][0] ?? null;
  }

  /**
   * What a pane shows: its centre, as near as the picture's edges let it be, and its scale.
   * @returns {{x: number, y: number, scale: number}}
   */
  view(pane) {
    const scale = between(1, this.scale * pane.own.scale, this.most(pane));
    return { ...this.#inside(pane, this.x + pane.own.x, this.y + pane.own.y, scale), scale };
  }

  /** The scale at which one pixel of the picture is one of the screen; never less than 1.  */
  actual(pane) {
    return Math.max(1, pane.width / (pane.fitted().width * devicePixelRatio));
  }

  /** Whether there is memory for one more full picture; for that of the active pane there always is. */
  room(pane) {
    const held = [...this.#panes].reduce((sum, each) => sum + each.pixels, 0);
    return pane === this.active || held + pane.width * pane.height <= PIXELS;
  }

  /** The largest scale of a pane. */
  most(pane) {
    return Math.max(2, this.actual(pane) * CLOSEST);
  }

  /**
   * Zooms by a factor and keeps a point where it is.
   * @param {number} factor
   * @param {{x: number, y: number}} at  the point, in pixels from the middle of the pane
   */
  by(factor, pane = this.active, at = { x: 0, y: 0 }) {
    if (!pane) return;
    this.to(this.view(pane).scale * factor, pane, at);
  }

  /** Zooms to a scale and keeps a point where it is. */
  to(scale, pane = this.active, at = { x: 0, y: 0 }) {
    if (!pane) return;
    const before = this.view(pane);
    const after = between(1, scale, this.most(pane));
    const { width, height } = pane.fitted();
    const kept = (centre, offset, size) => centre + offset / (size * before.scale) - offset / (size * after);
    this.#set(pane, kept(before.x, at.x, width), kept(before.y, at.y, height), after);
  }

  /** Moves the picture under the pane by pixels. */
  pan(dx, dy, pane = this.active) {
    if (!pane) return;
    const { x, y, scale } = this.view(pane);
    const { width, height } = pane.fitted();
    this.#set(pane, x - dx / (width * scale), y - dy / (height * scale), scale);
  }

  /** Shows all pictures whole and forgets the panes' own shifts. */
  fit() {
    for (const pane of this.#panes) pane.own = { x: 0, y: 0, scale: 1 };
    Object.assign(this, { x: 0.5, y: 0.5, scale: 1 });
    this.#tell();
  }

  /** Goes from the whole picture to its pixels (or twice the size, of a small one) and back. */
  toggle(pane = this.active, at = undefined) {
    if (!pane) return;
    const { scale } = this.view(pane);
    const actual = this.actual(pane);
    this.to(scale > 1.01 ? 1 : actual > 1.1 ? actual : 2, pane, at);
  }

  /**
   * Shows a place of each pane's own picture in its middle, such as one face in all frames.
   * @param {Map<import("./pane.js").Pane, {x: number, y: number}>} places  centres, in fractions of the pictures
   * @param {number} scale
   */
  look(places, scale) {
    const first = places.get(this.active) ?? [...places.values()][0];
    if (!first) return;
    Object.assign(this, { x: first.x, y: first.y, scale: Math.max(1, scale) });
    for (const pane of this.#panes) {
      const { x, y } = places.get(pane) ?? first;
      pane.own = { x: x - this.x, y: y - this.y, scale: 1 };
    }
    this.#tell();
  }

  /** Locks panes together, or lets each move by itself. */
  link(linked) {
    this.linked = linked;
    this.dispatchEvent(new Event("linked"));
  }

  /** + − Z and Shift with an arrow. @returns {boolean} whether the key was one of them */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.active) return false;
    if (event.shiftKey && event.key in ARROWS) {
      const { width, height } = this.active.box;
      const [right, down] = ARROWS[event.key];
      this.pan(-right * width * PAN, -down * height * PAN);
      return true;
    }
    if (event.key === "+" || event.key === "=") this.by(STEP);
    else if (event.key === "-" || event.key === "_") this.by(1 / STEP);
    else if (event.key === "z" || event.key === "Z") this.toggle();
    else return false;
    return true;
  }

  /** Puts all panes where they belong, once before the next frame. */
  #tell() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.moving = true;
      for (const pane of this.#panes) pane.place();
      this.dispatchEvent(new Event("change"));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#settle(), SETTLED_MS);
    });
  }

  #settle() {
    this.moving = false;
    for (const pane of this.#panes) pane.place();
  }

  #set(pane, x, y, scale) {
    const centre = this.#inside(pane, x, y, scale);
    if (this.linked) {
      this.scale = Math.max(1, scale / pane.own.scale);
      this.x = centre.x - pane.own.x;
      this.y = centre.y - pane.own.y;
    } else {
      pane.own = { x: centre.x - this.x, y: centre.y - this.y, scale: scale / this.scale };
    }
    this.#tell();
  }

  /** The nearest centre with which nothing beside the picture is shown; the middle where all of a side is seen. */
  #inside(pane, x, y, scale) {
    const { width, height } = pane.fitted();
    const along = (centre, seen) => (seen >= 1 ? 0.5 : between(seen / 2, centre, 1 - seen / 2));
    return {
      x: along(x, pane.box.width / (width * scale)),
      y: along(y, pane.box.height / (height * scale)),
    };
  }
}
