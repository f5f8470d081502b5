/** A strip of thumbnails of all frames of a comparison, of which only some are on the table. */

import { state } from "./state.js";
import { url } from "./api.js";
import { make } from "./make.js";

/** Dispatches `choose` with an id. */
export class Strip extends EventTarget {
  #buttons = new Map();

  /** @param {HTMLElement} host */
  constructor(host) {
    super();
    this.host = host;
    host.className = "strip";
    host.setAttribute("role", "group");
    host.setAttribute("aria-label", "All frames");
    this.stop = state.on("rows", ({ ids }) => ids.forEach((id) => this.#buttons.has(id) && this.#mark(id)));
  }

  /**
   * @param {number[]} all
   * @param {number[]} shown  on the table
   * @param {number} active
   */
  show(all, shown, active) {
    if (all.length !== this.#buttons.size || all.some((id) => !this.#buttons.has(id))) this.#fill(all);
    for (const [id, made] of this.#buttons) {
      made.classList.toggle("shown", shown.includes(id));
      if (id === active) made.setAttribute("aria-current", "true");
      else made.removeAttribute("aria-current");
    }
    this.#buttons.get(active)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  close() {
    this.stop();
  }

  #fill(all) {
    this.#buttons = new Map(all.map((id) => [id, this.#button(id)]));
    this.host.replaceChildren(...this.#buttons.values());
    all.forEach((id) => this.#mark(id));
  }

  #button(id) {
    const made = make("button");
    made.type = "button";
    const image = new Image();
    Object.assign(image, { alt: "", decoding: "async", draggable: false, src: url("thumb", id) });
    made.append(image, make("span", "flag"));
    made.addEventListener("click", () => this.dispatchEvent(new CustomEvent("choose", { detail: id })));
    return made;
  }

  #mark(id) {
    const { name = `Photo ${id}`, pick } = state.rows.get(id) ?? {};
    const made = this.#buttons.get(id);
    const said = { 1: "picked", "-1": "rejected" }[pick] ?? "";
    made.title = name;
    made.setAttribute("aria-label", said ? `${name}, ${said}` : name);
    made.dataset.pick = pick ?? "";
    made.querySelector(".flag").textContent = { 1: "✓", "-1": "✕" }[pick] ?? "";
  }
}
