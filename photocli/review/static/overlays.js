/** What was found in a photo, drawn over it: each layer can be switched on and off, and stays so. */

import { suggestedCrop, url } from "./api.js";
import { prefer, preference } from "./preferences.js";
import { announce, say } from "./messages.js";
import { button, make } from "./make.js";

const SVG = "http://www.w3.org/2000/svg";
const LAYERS = [["faces", "Faces and eyes", "f", "face"], ["heat", "Heat map of the score", "o", "heat"],
  ["crop", "Suggested crop", "r", "crop"], ["frame", "The camera's frame", "b", "frame"],
  ["focus", "Focus point", "q", "focus"], ["horizon", "Horizon", "h", "horizon"]];

export class Overlays {
  #on = new Set((preference("layers") ?? "").split(" ").filter(Boolean));
  #id = null;
  #found = {};
  #sheet = make("div", "layers");

  /** @param {import("./pane.js").Pane} pane  the pane whose picture is drawn over */
  constructor(pane) {
    this.pane = pane;
    this.#sheet.setAttribute("aria-hidden", "true");
    this.buttons = LAYERS.map(([name, label, key, symbol]) => {
      const made = button("", () => this.toggle(name), { className: "tool", label: `${label} (${key.toUpperCase()})`, symbol });
      made.dataset.layer = name;
      return made;
    });
    pane.addEventListener("picture", () => this.#attach());
    this.#mark();
  }

  /** Switches the layer of a key. */
  key(name) {
    const layer = LAYERS.find(([, , key]) => key === name);
    if (layer) this.toggle(layer[0]);
    return Boolean(layer);
  }

  toggle(name) {
    if (!this.#on.delete(name)) this.#on.add(name);
    prefer("layers", [...this.#on].join(" "));
    this.#mark();
    this.#draw();
  }

  /** Takes away what is drawn: another photo comes. */
  clear() {
    this.#id = null;
    this.#found = {};
    this.#sheet.replaceChildren();
    for (const [layer] of LAYERS) this.#busy(layer, false);
  }

  /** Draws what was found in a photo: the `overlay` of the server's answer. */
  show(id, overlay) {
    this.#id = id;
    this.#found = overlay;
    this.#mark();
    this.#draw();
  }

  #mark() {
    for (const each of this.buttons) {
      const { layer } = each.dataset;
      each.setAttribute("aria-pressed", this.#on.has(layer));
      each.hidden = (layer === "focus" && !this.#found.focus_point) || (layer === "horizon" && !this.#found.horizon);
    }
  }

  #attach() {
    const { sheet } = this.pane;
    if (sheet && this.#sheet.parentElement !== sheet) sheet.append(this.#sheet);
  }

  #draw() {
    this.#sheet.replaceChildren();
    if (this.#id === null) return;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 1 1");
    svg.setAttribute("preserveAspectRatio", "none");
    if (this.#on.has("crop") && this.#found.crop === undefined) this.#ask(this.#id);
    if (this.#on.has("heat")) this.#sheet.append(this.#heat());
    if (this.#on.has("faces")) for (const face of this.#found.faces ?? []) this.#face(svg, face);
    const crop = this.#found.crop?.box;
    if (this.#on.has("crop") && crop) svg.append(...lines(hole(crop), "crop"), ...lines(outline(crop), "crop-edge"));
    if (this.#on.has("frame") && this.#found.crop_frame) svg.append(...lines(outline(this.#found.crop_frame), "frame"));
    if (this.#on.has("focus") && this.#found.focus_point) this.#focus(svg);
    if (this.#on.has("horizon") && this.#found.horizon) svg.append(...lines(this.#level(), "horizon"));
    this.#sheet.append(svg);
    this.#attach();
  }

  /** Has a crop looked for, which takes some seconds; it is drawn if its photo is still there. */
  async #ask(id) {
    this.#found.crop = null;
    this.#busy("crop", true);
    try {
      const crop = await suggestedCrop(id);
      if (id !== this.#id) return;
      this.#found.crop = crop;
      announce(crop ? `A crop to ${crop.aspect} gains ${crop.gain.toFixed(1)} points.` : "No crop is better than the whole photo.");
      if (crop) this.#draw();
    } catch (error) {
      if (id === this.#id) say(error.message, { kind: "error" });
    } finally {
      if (id === this.#id) this.#busy("crop", false);
    }
  }

  #busy(layer, waiting) {
    const button = this.buttons.find(({ dataset }) => dataset.layer === layer);
    if (waiting) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }

  #face(svg, { box, eyes = [] }) {
    svg.append(...lines(outline(box), "face"));
    const [x, y] = [0.006, (0.006 * this.pane.width) / this.pane.height];
    for (const [left, top] of eyes) svg.append(...lines(outline([left - x, top - y, left + x, top + y]), "eye"));
  }

  #focus(svg) {
    svg.append(...lines(cross(this.#found.focus_point), "focus"));
    for (const { x, y, width, height, in_focus: found } of this.#found.focus_points ?? []) {
      const [across, along] = [(width ?? 0.02) / 2, (height ?? (0.02 * this.pane.width) / this.pane.height) / 2];
      svg.append(...lines(outline([x - across, y - along, x + across, y + along]), found === false ? "focus missed" : "focus"));
    }
  }

  #level() {
    const { angle = 0, y = 0.5 } = this.#found.horizon;
    const rise = (Math.tan((angle * Math.PI) / 180) / 2) * (this.pane.width / this.pane.height);
    return `M0 ${y + rise} 1 ${y - rise}`;
  }

  #heat() {
    const image = make("img", "heat");
    Object.assign(image, { alt: "", decoding: "async", src: url("heat", this.#id) });
    this.#busy("heat", !image.complete);
    image.addEventListener("load", () => image.isConnected && this.#busy("heat", false));
    image.addEventListener("error", () => {
      if (!image.isConnected) return;
      this.#busy("heat", false);
      image.remove();
      say("There is no heat map of this photo.");
    });
    return image;
  }
}

const outline = ([left, top, right, bottom]) => `M${left} ${top}H${right}V${bottom}H${left}Z`;
const hole = (box) => `M0 0H1V1H0Z${outline(box)}`;
const cross = ([x, y]) => `M${x - 0.015} ${y}H${x + 0.015}M${x} ${y - 0.02}V${y + 0.02}`;

/** A path twice, dark under light, so that it is seen on any picture. */
function lines(d, name) {
  return ["under", "over"].map((way) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    path.setAttribute("class", `${name} ${way}`);
    path.setAttribute("vector-effect", "non-scaling-stroke");
    path.setAttribute("fill-rule", "evenodd");
    return path;
  });
}
