/** The film strip: the photos around the current one, of which only those around it exist. */

import { state } from "./state.js";
import { rows, url } from "./api.js";
import { want, leave } from "./thumbs.js";
import { make } from "./make.js";

const AROUND = 14;

export class Film {
  #cards = new Map();
  #free = [];

  constructor() {
    this.element = make("div", "film");
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Film strip");
    this.element.addEventListener("click", (event) => {
      const card = event.target.closest("button");
      if (card) state.focus(Number(card.dataset.id));
    });
  }

  /** Shows a photo in the middle, with its neighbours. */
  show(id) {
    const place = state.place(id);
    const ids = state.ids.slice(Math.max(0, place - AROUND), place + AROUND + 1);
    const wanted = new Set(ids);
    for (const [each, card] of this.#cards) {
      if (wanted.has(each)) continue;
      this.#cards.delete(each);
      leave(card.image);
      card.remove();
      this.#free.push(card);
    }
    this.element.replaceChildren(...ids.map((each) => this.#card(each, each === id)));
    const current = this.#cards.get(id);
    if (current) this.element.scrollLeft = current.offsetLeft - (this.element.clientWidth - current.offsetWidth) / 2;
    const unknown = ids.filter((each) => !state.rows.has(each));
    if (unknown.length) rows(unknown).then(() => this.show(state.current), () => {});
  }

  #card(id, current) {
    const card = this.#cards.get(id) ?? this.#free.pop() ?? made();
    this.#cards.set(id, card);
    const row = state.rows.get(id);
    card.dataset.id = id;
    card.tabIndex = current ? 0 : -1;
    if (current) card.setAttribute("aria-current", "true");
    else card.removeAttribute("aria-current");
    card.setAttribute("aria-label", row?.name ?? `Photo ${state.place(id) + 1}`);
    card.classList.toggle("rejected", row?.pick === -1);
    if (row) want(card.image, url("thumb", id));
    return card;
  }
}

function made() {
  const card = make("button");
  card.type = "button";
  card.image = make("img");
  Object.assign(card.image, { alt: "", decoding: "async", fetchPriority: "low", draggable: false });
  card.append(card.image);
  return card;
}
