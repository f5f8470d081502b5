/** Focus peaking: edges in focus, in one colour over the part of a picture that is seen. */

const SETTLED_MS = 120; // without a change of the view
const COLOUR = [255, 40, 200]; // hardly a photo has edges of this

/** Switches peaking for the panes that it watches. Dispatches `change` when it was switched. */
export class Peaking extends EventTarget {
  on = false;
  #zoom;
  #panes = new Map();
  #worker = null;
  #numbers = 0;
  #timer = 0;
  #later = () => this.#soon();

  /** @param {import("./zoom.js").Zoom} zoom  whose changes ask for other edges */
  constructor(zoom) {
    super();
    this.#zoom = zoom;
    zoom.addEventListener("change", this.#later);
  }

  /** @param {import("./pane.js").Pane} pane */
  watch(pane) {
    this.#panes.set(pane, { number: ++this.#numbers, serial: 0, wanted: "" });
  }

  forget(pane) {
    const kept = this.#panes.get(pane);
    this.#panes.delete(pane);
    if (kept) this.#worker?.postMessage({ pane: kept.number });
  }

  toggle(on = !this.on) {
    if (on === this.on) return;
    this.on = on;
    for (const [pane, kept] of this.#panes) {
      kept.wanted = "";
      kept.serial += 1;
      pane.element.querySelectorAll(".peaks").forEach((canvas) => canvas.remove());
    }
    if (on) this.#ask();
    this.dispatchEvent(new Event("change"));
  }

  /** Ends the worker and lets go of the zoom. */
  close() {
    clearTimeout(this.#timer);
    this.#zoom.removeEventListener("change", this.#later);
    for (const pane of [...this.#panes.keys()]) this.forget(pane);
    this.#worker?.terminate();
    this.#worker = null;
  }

  #soon() {
    if (!this.on) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), SETTLED_MS);
  }

  #ask() {
    this.#worker ??= this.#start();
    for (const [pane, kept] of this.#panes) {
      const { best } = pane;
      if (!pane.sheet || !best || best.level === "thumb") continue;
      const part = pane.visible();
      const wanted = `${best.url} ${part} ${pane.box.width} ${pane.box.height}`;
      if (wanted === kept.wanted) continue;
      kept.wanted = wanted;
      kept.serial += 1;
      const { width, height } = pane.box;
      const size = [width, height].map((side) => Math.round(side * devicePixelRatio));
      const wish = { pane: kept.number, serial: kept.serial, url: best.url, part, size, colour: COLOUR };
      this.#worker.postMessage(wish);
    }
  }

  #start() {
    const worker = new Worker(new URL("./peaking_worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#draw(data));
    return worker;
  }

  #draw({ pane: number, serial, part, image }) {
    for (const [pane, kept] of this.#panes) {
      if (kept.number !== number || kept.serial !== serial || !pane.sheet || !image) continue;
      const canvas = document.createElement("canvas");
      canvas.className = "peaks";
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d").putImageData(image, 0, 0);
      const [left, top, right, bottom] = part;
      const percent = (fraction) => `${fraction * 100}%`;
      Object.assign(canvas.style, { left: percent(left), top: percent(top) });
      Object.assign(canvas.style, { width: percent(right - left), height: percent(bottom - top) });
      pane.sheet.querySelector(".peaks")?.remove();
      pane.sheet.append(canvas);
    }
  }
}
