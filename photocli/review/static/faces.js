/** Face strips: every face of every frame, a row for each person and a column for each frame. */

import { state } from "./state.js";
import { faceUrl } from "./api.js";
import { make } from "./make.js";
import { persons } from "./persons.js";

/** The aspect of a frame, where it is known. */
const aspect = ({ width, height }) => (width && height ? width / height : 1.5);

/** Frames in the order in which they were taken, with their faces. */
function frames(ids) {
  const rows = ids.map((id) => state.rows.get(id)).filter(Boolean);
  const order = [...rows].sort((a, b) => (a.captured ?? "").localeCompare(b.captured ?? "") || a.id - b.id);
  return order.map((row) => ({ id: row.id, faces: row.faces ?? [], aspect: aspect(row), name: row.name }));
}

/**
 * The middle of each frame's face of one person, and how far to zoom for it to fill half of a pane.
 * @param {Map<number, number>} person  which face (its index) of which frame (its id) is theirs
 * @param {[number, import("./pane.js").Pane][]} shown
 */
function places(person, shown) {
  const found = new Map();
  let scale = Infinity;
  for (const [id, pane] of shown) {
    if (!person.has(id)) continue;
    const [left, top, right, bottom] = state.rows.get(id).faces[person.get(id)];
    const { width, height } = pane.fitted();
    found.set(pane, { x: (left + right) / 2, y: (top + bottom) / 2 });
    const across = pane.box.width / ((right - left) * width);
    const down = pane.box.height / ((bottom - top) * height);
    scale = Math.min(scale, Math.min(across, down) / 2);
  }
  return { found, scale };
}

/** Dispatches `face` with `{id, person}` when one is chosen. */
export class FaceStrips extends EventTarget {
  #shown = "";

  /** @param {HTMLElement} host  gets the strips */
  constructor(host) {
    super();
    this.host = host;
    host.classList.add("faces");
  }

  /** Whether any of the frames has a face. */
  static any(ids) {
    return ids.some((id) => state.rows.get(id)?.faces?.length);
  }

  /** Shows the faces of these frames; what is there already stays. */
  show(ids) {
    const all = frames(ids);
    const wanted = JSON.stringify(all);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    const table = document.createElement("table");
    table.append(make("caption", "unseen", "Faces: a row for each person, a column for each frame"));
    table.append(this.#head(all));
    const body = table.createTBody();
    persons(all).forEach((person, at) => body.append(this.#row(person, at + 1, all)));
    this.host.replaceChildren(table);
  }

  /** Zooms all panes to a person. */
  static look(table, person) {
    const { found, scale } = places(person, table.frames);
    if (found.size) table.zoom.look(found, scale);
  }

  #head(all) {
    const head = document.createElement("thead");
    const row = head.insertRow();
    row.append(make("td"));
    for (const { name } of all) {
      const cell = make("th", "", name);
      Object.assign(cell, { scope: "col", title: name });
      row.append(cell);
    }
    return head;
  }

  #row(person, number, all) {
    const row = document.createElement("tr");
    const head = make("th", "", String(number));
    head.scope = "row";
    head.setAttribute("aria-label", `Person ${number}`);
    row.append(head);
    for (const frame of all) {
      const cell = row.insertCell();
      if (person.has(frame.id)) cell.append(this.#face(person, number, frame));
      else cell.append(make("span", "none", "–"));
    }
    return row;
  }

  #face(person, number, { id, name }) {
    const made = make("button");
    const image = new Image(96, 96);
    Object.assign(image, { loading: "lazy", decoding: "async", draggable: false, src: faceUrl(id, person.get(id)) });
    image.alt = `Person ${number} in ${name}`;
    made.type = "button";
    made.title = `Look at person ${number} in all frames`;
    made.append(image);
    made.addEventListener("click", () => this.dispatchEvent(new CustomEvent("face", { detail: { id, person } })));
    return made;
  }
}
