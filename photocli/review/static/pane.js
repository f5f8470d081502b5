/**
 * One picture in a pane: thumbnail, preview and full picture, the better one shown when it is decoded.
 *
 * What was shown stays until its successor can be painted, so nothing flashes. A better picture is fetched only
 * where the one before has fewer pixels than the pane shows.
 */

import { gestures } from "./gestures.js";
import { Sheet } from "./sheet.js";

const THUMB = 320; // pixels of its long side
const AGAIN_MS = [1000, 4000]; // after which a preview that wasn't to be had is asked for again

/**
 * @typedef {object} Source  a picture; sizes are those of the full one, null where they aren't known
 * @property {string} name
 * @property {string} thumb
 * @property {string} preview
 * @property {string} full
 * @property {number | null} width
 * @property {number | null} height
 */

/** Dispatches `picture` when a better picture is shown, and `swipe` with -1 or 1. */
export class Pane extends EventTarget {
  /** Its shift from the shared view; see `Zoom`. */
  own = { x: 0, y: 0, scale: 1 };
  /** The size of the pane in CSS pixels. */
  box = { width: 1, height: 1 };
  /** @type {Source | null} */
  source = null;
  width = 3;
  height = 2;
  /** Of the full picture, once it was asked for. */
  pixels = 0;
  /** What is seen, and what is to be seen; the same once that is decoded. */
  #shown = null;
  #next = null;
  #asked = new Set();
  #watcher;
  #stop;

  /**
   * @param {HTMLElement} element  the pane; it gets the picture, cuts what lies outside, and takes the gestures
   * @param {import("./zoom.js").Zoom} zoom
   */
  constructor(element, zoom) {
    super();
    this.element = element;
    this.zoom = zoom;
    element.classList.add("glass");
    zoom.add(this);
    this.#stop = gestures(this);
    this.#watcher = new ResizeObserver(() => this.#measure());
    this.#watcher.observe(element);
    this.#measure();
  }

  /** The picture's element, which moves under the pane; null before the first is shown. */
  get sheet() {
    return this.#shown?.element ?? null;
  }

  /** The best picture that is shown: its URL and the level's name. */
  get best() {
    if (!this.#shown) return null;
    const { image, bitmap } = this.#shown;
    if (bitmap) return { url: new URL(this.source.full, document.baseURI).href, level: "full" };
    return { url: image.src, level: image.dataset.level };
  }

  /** Shows another picture. What was there stays until this one is decoded. */
  show(source) {
    if (this.source && source.preview === this.source.preview) return;
    this.source = source;
    this.#asked = new Set();
    this.#next = new Sheet(source.name);
    this.pixels = 0;
    const { width, height } = this.fitted();
    const large = Math.max(width, height) * devicePixelRatio > THUMB;
    if (!large || this.zoom.view(this).scale < 1.01) this.#load("thumb"); // enlarged, it would only flicker
    if (large) this.#load("preview");
  }

  /** The size at which the whole picture fits into the pane, in CSS pixels. */
  fitted() {
    const scale = Math.min(this.box.width / this.width, this.box.height / this.height);
    return { width: this.width * scale, height: this.height * scale };
  }

  /** The part of the picture that is seen, as fractions: left, top, right, bottom. */
  visible() {
    const { x, y, scale } = this.zoom.view(this);
    const { width, height } = this.fitted();
    const across = Math.min(1, this.box.width / (width * scale)) / 2;
    const down = Math.min(1, this.box.height / (height * scale)) / 2;
    return [x - across, y - down, x + across, y + down];
  }

  /** Puts the picture where the view wants it, on whole device pixels, and asks for more pixels where they're due. */
  place() {
    const sheet = this.#shown;
    if (!sheet) return;
    const { x, y, scale } = this.zoom.view(this);
    const fitted = this.fitted();
    const [width, height] = [fitted.width * scale, fitted.height * scale];
    const whole = (value) => Math.round(value * devicePixelRatio) / devicePixelRatio;
    const left = whole(this.box.width / 2 - x * width);
    const top = whole(this.box.height / 2 - y * height);
    sheet.place({ left, top, width, height }, this.box, this.zoom.moving);
    this.element.dataset.zoomed = scale > 1.01 ? "yes" : "no";
    if (sheet !== this.#next || !sheet.short(width) || this.zoom.moving) return;
    if (sheet.image.dataset.level === "thumb") this.#load("preview");
    else if (this.width > sheet.image.naturalWidth && this.zoom.room(this)) this.#fill();
  }

  /** Takes the pane out of its zoom and stops watching. */
  close() {
    this.#stop();
    this.#watcher.disconnect();
    this.zoom.remove(this);
    this.#shown?.close();
    this.#shown = null;
    this.#next = null;
    this.source = null;
    this.element.replaceChildren();
  }

  #measure() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    this.box = { width: clientWidth, height: clientHeight };
    this.place();
    this.zoom.dispatchEvent(new Event("change"));
  }

  async #load(level) {
    if (this.#asked.has(level)) return;
    this.#asked.add(level);
    const { source } = this;
    const sheet = this.#next;
    const image = new Image();
    // It is decoded before it is shown; painted later than the rest, it would flash after a zoom.
    Object.assign(image, { alt: "", decoding: "sync", draggable: false, src: source[level] });
    image.dataset.level = level;
    try {
      await image.decode();
    } catch {
      if (sheet === this.#next) this.#missed(sheet, level);
      return;
    }
    const late = level === "thumb" && sheet.image;
    if (sheet !== this.#next || late) return;
    sheet.lay(image);
    this.#appear(sheet);
  }

  /** Fetches and decodes the full picture; where it can't be had, the preview stays. */
  async #fill() {
    if (this.#asked.has("full")) return;
    this.#asked.add("full");
    this.pixels = this.width * this.height;
    const sheet = this.#next;
    try {
      const answer = await fetch(this.source.full);
      if (!answer.ok) return;
      const bitmap = await createImageBitmap(await answer.blob());
      if (sheet !== this.#next) bitmap.close();
      else {
        sheet.fill(bitmap);
        this.#appear(sheet);
      }
    } catch {
      // The server ended, or there was no memory for it: the preview is what can be shown.
    }
  }

  #appear(sheet) {
    this.width = this.source.width ?? sheet.image.naturalWidth;
    this.height = this.source.height ?? sheet.image.naturalHeight;
    if (sheet !== this.#shown) {
      this.element.querySelector(".lost")?.remove();
      this.element.prepend(sheet.element);
      this.#shown?.close();
      this.#shown = sheet;
    }
    this.place();
    this.dispatchEvent(new Event("picture"));
    this.zoom.dispatchEvent(new Event("change"));
  }

  /** A thumbnail that is missing may have a preview. Where that is missing, too, a sentence says so, and it's asked again. */
  #missed(sheet, level) {
    if (level === "thumb") {
      this.#load("preview");
      return;
    }
    if (!sheet.image) this.#lose();
    if (++sheet.missed > AGAIN_MS.length) return;
    setTimeout(() => {
      if (sheet !== this.#next) return;
      this.#asked.delete(level);
      this.#load(level);
    }, AGAIN_MS[sheet.missed - 1]);
  }

  #lose() {
    const note = document.createElement("p");
    note.className = "lost";
    note.textContent = `${this.source.name} can't be shown. Has it been moved?`;
    this.#shown?.close();
    this.#shown = null;
    this.element.replaceChildren(note);
  }
}
