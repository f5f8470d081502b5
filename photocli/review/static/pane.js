/**
 * One picture in a pane: thumbnail, preview and full picture, the better one shown when it is decoded.
 *
 * What was shown stays until its successor can be painted, so nothing flashes. A better picture is fetched only
 * where the one before has fewer pixels than the pane shows.
 */

import { gestures } from "./gestures.js";

const LEVELS = ["thumb", "preview", "full"];
const THUMB = 320; // pixels of its long side

const better = (level) => LEVELS[LEVELS.indexOf(level) + 1];

/**
 * @typedef {object} Source  a picture; sizes are those of the full one, null where they aren't known
 * @property {string} name
 * @property {string} thumb
 * @property {string} preview
 * @property {string} full
 * @property {number | null} width
 * @property {number | null} height
 */

/** Dispatches `swipe` with -1 or 1. Of a better picture that is shown its zoom tells, by `change`. */
export class Pane extends EventTarget {
  /** Its shift from the shared view; see `Zoom`. */
  own = { x: 0, y: 0, scale: 1 };
  /** The size of the pane in CSS pixels. */
  box = { width: 1, height: 1 };
  /** @type {Source | null} */
  source = null;
  width = 3;
  height = 2;
  #sheet = null;
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
    return this.#sheet?.isConnected ? this.#sheet : null;
  }

  /** The best picture that is shown: its URL and the level's name. */
  get best() {
    const image = this.#sheet?.lastPicture;
    return image ? { url: image.src, level: image.dataset.level } : null;
  }

  /** Shows another picture. What was there stays until this one is decoded. */
  show(source) {
    if (this.source && source.preview === this.source.preview) return;
    this.source = source;
    this.#asked = new Set();
    const sheet = document.createElement("div");
    sheet.className = "sheet";
    sheet.setAttribute("role", "img");
    sheet.setAttribute("aria-label", source.name);
    this.#sheet = sheet;
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
    const sheet = this.sheet;
    if (!sheet) return;
    const { x, y, scale } = this.zoom.view(this);
    const { width, height } = this.fitted();
    const whole = (value) => Math.round(value * devicePixelRatio) / devicePixelRatio;
    sheet.style.width = `${width * scale}px`;
    sheet.style.height = `${height * scale}px`;
    const left = whole(this.box.width / 2 - x * width * scale);
    const top = whole(this.box.height / 2 - y * height * scale);
    sheet.style.transform = `translate(${left}px, ${top}px)`;
    this.element.dataset.zoomed = scale > 1.01 ? "yes" : "no";
    const { naturalWidth, dataset } = sheet.lastPicture;
    if (width * scale * devicePixelRatio > naturalWidth * 1.02) this.#load(better(dataset.level));
  }

  /** Takes the pane out of its zoom and stops watching. */
  close() {
    this.#stop();
    this.#watcher.disconnect();
    this.zoom.remove(this);
    this.#sheet = null;
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
    if (!level || this.#asked.has(level)) return;
    this.#asked.add(level);
    const { source } = this;
    const sheet = this.#sheet;
    const image = new Image();
    Object.assign(image, { alt: "", decoding: "async", draggable: false, src: source[level] });
    image.dataset.level = level;
    try {
      await image.decode();
    } catch {
      if (sheet === this.#sheet) this.#missed(sheet, level);
      return;
    }
    const shown = sheet.lastPicture?.dataset.level;
    if (sheet !== this.#sheet || LEVELS.indexOf(shown) > LEVELS.indexOf(level)) return;
    this.#paint(sheet, image);
  }

  /** Lays a decoded picture over the one before, which goes when this one has been painted. */
  #paint(sheet, image) {
    const before = sheet.lastPicture;
    sheet.lastPicture = image;
    if (before) before.after(image);
    else sheet.prepend(image);
    this.#size(image);
    if (!sheet.isConnected) {
      this.element.querySelectorAll(".sheet, .lost").forEach((old) => old.remove());
      this.element.prepend(sheet);
    }
    this.place();
    requestAnimationFrame(() => requestAnimationFrame(() => before?.remove()));
    this.zoom.dispatchEvent(new Event("change"));
  }

  #size(image) {
    this.width = this.source.width ?? image.naturalWidth;
    this.height = this.source.height ?? image.naturalHeight;
  }

  /** A thumbnail that is missing may have a preview; where neither can be had, a sentence says so. */
  #missed(sheet, level) {
    if (level === "thumb") this.#load("preview");
    else if (!sheet.isConnected) this.#lose();
  }

  #lose() {
    const note = document.createElement("p");
    note.className = "lost";
    note.textContent = `${this.source.name} can't be shown. Has it been moved?`;
    this.element.querySelectorAll(".sheet, .lost").forEach((old) => old.remove());
    this.element.prepend(note);
  }
}
