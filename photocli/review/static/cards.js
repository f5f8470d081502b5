/** One card of the grid: made once, and filled again for each photo that scrolls into its place. */

import { state } from "./state.js";
import { url } from "./api.js";
import { behind } from "./listing.js";
import { want, leave } from "./thumbs.js";
import { counted, icon, make } from "./make.js";
import { sentence } from "./wire.js";

const LABELS = ["red", "yellow", "green", "blue", "purple"];

/** An empty card; its parts are found again by `card.parts`. */
export function makeCard() {
  const card = make("div", "card");
  card.setAttribute("role", "option");
  card.tabIndex = -1;
  const image = make("img");
  Object.assign(image, { alt: "", decoding: "async", fetchPriority: "low", draggable: false });
  const parts = {
    image,
    note: make("span", "note"),
    flag: make("span", "flag"),
    stack: make("span", "stack"),
    stars: starRow(),
    score: make("span", "score"),
    name: make("span", "name"),
    marks: markRow(),
  };
  parts.name.dir = "auto";
  image.addEventListener("error", () => { parts.note.textContent = "There is no picture of this photo."; });
  const frame = make("div", "frame");
  frame.append(parts.image, parts.note, parts.flag, parts.stack);
  const [above, below] = [make("div", "row"), make("div", "row")];
  above.append(parts.stars, parts.score);
  below.append(parts.name, parts.marks);
  card.append(frame, above, below);
  card.parts = parts;
  return card;
}

function starRow() {
  const row = make("span", "stars");
  for (let n = 1; n <= 5; n += 1) {
    const star = make("span", "star");
    star.dataset.stars = n;
    row.append(star);
  }
  return row;
}

/** Marks exist once and are hidden where they don't hold: making elements while one scrolls takes time. */
function markRow() {
  const row = make("span", "marks");
  const people = make("span", "people");
  people.append(icon("face"), make("b"));
  row.append(make("span", "colour"), make("span", "fault"), make("span", "raw", "RAW"), people);
  row.kinds = [...row.children];
  return row;
}

/** Shows the photo of an id at a place. */
export function fill(card, id, place) {
  const row = state.rows.get(id);
  card.dataset.id = id;
  card.setAttribute("aria-posinset", place + 1);
  card.setAttribute("aria-setsize", state.ids.length);
  card.classList.toggle("blank", !row);
  mark(card, id);
  band(card, id, place);
  if (!row) return blank(card);
  const { parts } = card;
  parts.name.textContent = row.name;
  parts.score.textContent = row.score === null ? "" : row.score.toFixed(1);
  stars(parts.stars, row);
  // That a photo which stands alone is proposed says little, and is said by its stars.
  flag(parts.flag, row.proposal === "pick" && state.group(id).length < 2 ? { pick: row.pick } : row);
  stack(parts.stack, row, id);
  marks(parts.marks, row);
  parts.note.textContent = row.error ? sentence(row.error) : row.status === "failed" ? "This photo could not be read." : "";
  card.dataset.label = row.label ? row.label.toLowerCase() : "";
  card.dataset.status = row.status;
  card.classList.toggle("rejected", row.pick === -1);
  card.setAttribute("aria-label", spoken(row, id));
  card.title = row.reason ? `${row.name} – ${row.reason}` : row.name;
  if (row.error || row.status === "failed") leave(parts.image);
  else want(parts.image, url("thumb", id));
}

function blank({ parts }) {
  leave(parts.image);
  for (const part of ["note", "stack", "score", "name"]) parts[part].textContent = "";
  stars(parts.stars, {});
  flag(parts.flag, {});
  marks(parts.marks, { faces: [], faults: [] });
}

/** Shows whether a card is current and selected. */
export function mark(card, id) {
  const current = id === state.current;
  const selected = state.selected.size ? state.selected.has(id) : current;
  card.tabIndex = current ? 0 : -1;
  card.classList.toggle("current", current);
  card.classList.toggle("selected", state.selected.has(id));
  card.setAttribute("aria-selected", selected);
}

/** A band over the cards of a group that stand beside each other. */
function band(card, id, place) {
  const group = state.group(id);
  const same = (other) => group.length > 1 && other !== undefined && state.group(other) === group;
  const [before, after] = [same(state.ids[place - 1]), same(state.ids[place + 1])];
  card.dataset.band = before && after ? "middle" : before ? "last" : after ? "first" : "";
}

/** Own stars are filled, proposed ones hollow, and dots stand for those that could be given. */
function stars(element, { stars: given, proposed }) {
  const own = given !== null && given !== undefined;
  const count = own ? given : proposed ?? 0;
  const key = `${own} ${count}`;
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  for (const star of element.children) {
    const shown = star.dataset.stars <= count;
    star.textContent = shown ? (own ? "★" : "☆") : "·";
    star.className = shown ? (own ? "star on" : "star maybe") : "star";
  }
}

function flag(element, { pick = null, proposal = null }) {
  const given = { 1: "pick", [-1]: "reject" }[pick];
  const name = given ?? proposal ?? "";
  const key = `flag ${name} ${given ? "given" : "proposed"}`;
  if (element.className === key) return;
  element.className = key;
  element.replaceChildren(...(name ? [icon(name)] : []));
}

function stack(element, row, id) {
  const group = state.group(id);
  const more = behind(id);
  element.textContent = more ? `+${more}` : group.length > 1 ? `${group.indexOf(id) + 1}/${group.length}` : "";
  element.classList.toggle("closed", more > 0);
}

function marks(element, { label = null, faces, faults, raw = false }) {
  const [colour, fault, isRaw, people] = element.kinds;
  colour.textContent = label ?? "";
  fault.textContent = faults.map((each) => each.replace("_", " ")).join(", ");
  isRaw.hidden = !raw;
  people.lastElementChild.textContent = faces.length ? counted(faces.length) : "";
  colour.hidden = !label;
  fault.hidden = !faults.length;
  people.hidden = !faces.length;
}

/** What a screen reader says of a card. */
export function spoken(row, id) {
  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const group = state.group(id);
  const flags = { 1: "picked", [-1]: "rejected" };
  return [
    row.name,
    row.status === "pending" ? "not scored yet" : row.error ?? (row.status === "failed" ? "could not be read" : null),
    row.score === null ? null : `score ${row.score.toFixed(1)}`,
    row.stars !== null ? plural(row.stars, "star") : row.proposed === null ? null : `${plural(row.proposed, "star")} proposed`,
    flags[row.pick] ?? (row.proposal ? `proposed to ${row.proposal}` : null),
    row.label && LABELS.includes(row.label.toLowerCase()) ? `label ${row.label.toLowerCase()}` : null,
    row.faces.length ? plural(row.faces.length, "face") : null,
    ...row.faults.map((each) => each.replace("_", " ")),
    group.length > 1 ? `${group.indexOf(id) + 1} of a group of ${group.length}` : null,
  ].filter(Boolean).join(", ");
}
