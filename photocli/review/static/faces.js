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

/** The box of a person's face in a frame, if it was found there. */
const boxOf = (person, id) => (person.has(id) ? state.rows.get(id).faces[person.get(id)] : null);

const middle = ([left, top, right, bottom]) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });

/** Where a person should be in a frame in which their face was not found: beside the others, as in a frame with it. */
function guess(person, id, people) {
  const [other] = person.keys();
  const there = middle(boxOf(person, other));
  const known = people.filter((each) => each.has(id) && each.has(other));
  if (!known.length) return there;
  const shifts = known.map((each) => [middle(boxOf(each, other)), middle(boxOf(each, id))]);
  const mean = (axis) => shifts.reduce((sum, [from, to]) => sum + to[axis] - from[axis], 0) / shifts.length;
  return { x: there.x + mean("x"), y: there.y + mean("y") };
}

/** How far to zoom for a box to fill half of a pane. */
function closeness([left, top, right, bottom], pane) {
  const { width, height } = pane.fitted();
  return Math.min(pane.box.width / ((right - left) * width), pane.box.height / ((bottom - top) * height)) / 2;
}

/** Dispatches `face` with `{id, person}` when one is chosen. */
export class FaceStrips extends EventTarget {
  #shown = "";
  #people = [];

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
    this.#people = persons(all);
    this.#people.forEach((person, at) => body.append(this.#row(person, at + 1, all)));
    this.host.replaceChildren(table);
  }

  /**
   * Zooms all frames of a table to a person.
   * @param {Map<number, number>} person  which face (its index) of which frame (its id) is theirs
   */
  look(table, person) {
    const places = table.frames.map(([id, pane]) => {
      const box = boxOf(person, id);
      return [pane, box ? middle(box) : guess(person, id, this.#people), box ? closeness(box, pane) : Infinity];
    });
    const scale = Math.min(...places.map(([, , close]) => close));
    if (Number.isFinite(scale)) table.zoom.look(new Map(places), scale);
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
