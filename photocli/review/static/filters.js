/** The filter, its chips, and the order. */

import { state } from "./state.js";
import { reload, regroup, grouping } from "./listing.js";
import { changed, quoted, terms } from "./query.js";
import { announce } from "./messages.js";
import { prefer, preference } from "./preferences.js";
import { choice, counted, make, photos } from "./make.js";
import { savedMenu } from "./saved.js";

const TYPING_MS = 250;
const SCORES = "New scores have come in, so the order is not up to date.";
const JUDGED = "What you chose may belong elsewhere now; nothing moves before you say so.";
const by = (id) => document.getElementById(id);

/** Fields to sort by that stand first, with their words; the record's other fields follow under their names. */
const SORTS = [["score", "score"], ["captured", "capture time"], ["name", "name"], ["stars", "stars"],
  ["aesthetic", "aesthetics"], ["technical", "technical quality"], ["faces", "faces"], ["taste", "your taste"]];

const number = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const STARS = [["", "Stars"], ...number(1, 5).map((n) => [`stars >= ${n}`, `at least ${n}`]),
  ...number(1, 5).map((n) => [`stars == ${n}`, `exactly ${n}`]), ["stars == 0", "not rated"]];
const FLAGS = [["", "Flag"], ["pick == 1", "picked"], ["pick == -1", "rejected"], ["pick == 0", "no flag"],
  ["proposal == pick", "proposed to pick"], ["proposal == reject", "proposed to reject"]];
const COLOURS = [["", "Colour"], ...["red", "yellow", "green", "blue", "purple"].map((each) => [`label == ${each}`, each]),
  ["label == none", "none"]];
const FAULTS = [["", "Fault"], ["faults == none", "none"],
  ...["blur", "motion_blur", "underexposed", "overexposed", "noise", "compression"].map((each) =>
    [`faults ~ ${each}`, each.replace("_", " ")])];
const FACES = [["", "Faces"], ["faces == 0", "no face"], ["faces >= 1", "with faces"], ["faces == 1", "one face"],
  ["faces >= 3", "three or more"]];

/** Chips: the fields that each one owns, and what can be chosen. */
const CHIPS = [
  { name: "Stars", fields: ["stars"], pairs: () => STARS },
  { name: "Flag", fields: ["pick", "proposal"], pairs: () => FLAGS },
  { name: "Colour", fields: ["label"], pairs: () => COLOURS },
  { name: "Fault", fields: ["faults"], pairs: () => FAULTS },
  { name: "Look", fields: ["style"], pairs: () => seen("Look", "style") },
  { name: "Faces", fields: ["faces"], pairs: () => FACES },
  { name: "Camera", fields: ["camera"], pairs: () => seen("Camera", "camera") },
];

let choices = {};
let selects = [];
let typing = 0;

/** Fills the bar and listens; `settings` are those that came with the page. */
export function begin(settings = {}) {
  choices = settings;
  fillSort(settings.fields ?? []);
  by("groups").value = grouping();
  fillChips();
  by("query").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => filter(by("query").value), TYPING_MS);
  });
  by("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    filter(by("query").value);
  });
  by("sort").addEventListener("change", () => order(by("sort").value, state.down));
  by("down").addEventListener("click", () => order(state.sort, !state.down));
  by("groups").addEventListener("change", () => regroup(by("groups").value));
  by("chips-open").addEventListener("click", () => unfold(by("chips").hidden));
  by("again").addEventListener("click", () => run());
  state.on("list", tell);
  state.on("outdated", ({ outdated, why = SCORES }) => {
    by("outdated").hidden = !outdated;
    by("outdated").firstElementChild.textContent = why;
  });
  state.on("judged", ({ change }) => {
    const fields = terms(state.filter).map(({ field }) => field);
    if (Object.keys(change).some((field) => fields.includes(field) || state.sort === field)) state.emit("outdated", { outdated: true, why: JUDGED });
  });
  unfold(preference("chips") === "open");
}

function fillSort(fields) {
  const known = new Set(SORTS.map(([field]) => field));
  const rest = fields.filter((field) => !known.has(field)).map((field) => [field, field.replaceAll("_", " ")]);
  by("sort").replaceChildren(...choice([...SORTS, ...rest]).options);
  by("sort").value = state.sort;
}

function fillChips() {
  selects = CHIPS.map((chip) => {
    const select = choice(chip.pairs());
    select.setAttribute("aria-label", chip.name);
    select.addEventListener("change", () => put(chip.fields, select.value));
    select.addEventListener("pointerdown", () => refresh(chip, select));
    select.addEventListener("focus", () => refresh(chip, select));
    return { chip, select };
  });
  const clear = make("button", "tool wide", "Clear");
  clear.type = "button";
  clear.addEventListener("click", () => filter(""));
  by("chips").append(...selects.map(({ select }) => select), day("From", ">="), day("To", "<="), savedMenu(apply), clear);
}

/** What was seen of a field in photos whose rows are known, with what the model of that name can say. */
function seen(title, field) {
  const found = new Set(choices.classes?.[field] ?? []);
  for (const row of state.rows.values()) if (row[field]) found.add(row[field]);
  return [["", title], ...[...found].sort().map((each) => [`${field} ~ ${quoted(each)}`, each])];
}

function refresh(chip, select) {
  if (chip.fields[0] !== "style" && chip.fields[0] !== "camera") return;
  const { value } = select;
  select.replaceChildren(...choice(chip.pairs()).options);
  select.value = value;
}

/** A day, which starts or ends the time of capture. */
function day(name, operator) {
  const label = make("label", "field", null);
  const input = make("input");
  input.type = "date";
  input.dataset.operator = operator;
  input.addEventListener("change", () => {
    const time = operator === "<=" && input.value ? `${input.value}T23:59:59` : input.value;
    filter(changed(state.filter, (term) => term.field === "captured" && term.operator === operator,
      input.value ? `captured ${operator} ${time}` : null));
  });
  label.append(make("span", "", name), input);
  return label;
}

function put(fields, term) {
  filter(changed(state.filter, ({ field }) => fields.includes(field), term || null));
}

/** Shows the photos that a filter keeps; what it cannot read is said in a sentence beside it. */
export function filter(text) {
  state.filter = text.trim();
  if (by("query").value.trim() !== state.filter) by("query").value = state.filter;
  return run({ top: true });
}

/** Sorts by a field. */
export function order(field, down) {
  [state.sort, state.down] = [field, down];
  by("sort").value = field;
  const words = down ? "Highest first" : "Lowest first";
  for (const [name, value] of [["aria-pressed", down], ["aria-label", words], ["title", words]]) by("down").setAttribute(name, value);
  return run({ top: true });
}

function apply({ filter: text, sort, down }) {
  state.filter = text;
  by("query").value = text;
  return order(sort ?? state.sort, down ?? state.down);
}

async function run(options) {
  show();
  try {
    await reload(options);
    wrong("");
    by("outdated").hidden = true;
  } catch (error) {
    if (error.name !== "AbortError") wrong(error.message);
  }
}

function wrong(sentence) {
  by("wrong").textContent = sentence;
  by("wrong").hidden = !sentence;
  by("query").setAttribute("aria-invalid", sentence ? "true" : "false");
}

/** Has the chips show what the text says. */
function show() {
  const found = terms(state.filter);
  for (const { chip, select } of selects) {
    refresh(chip, select);
    const term = found.find(({ field }) => chip.fields.includes(field));
    const spelled = term && `${term.field} ${term.operator} ${quoted(term.value)}`;
    if (spelled && ![...select.options].some(({ value }) => value === spelled)) select.append(new Option(spelled, spelled));
    select.value = spelled ?? "";
    select.classList.toggle("set", Boolean(spelled));
  }
  for (const input of by("chips").querySelectorAll("input")) {
    const term = found.find(({ field, operator }) => field === "captured" && operator === input.dataset.operator);
    input.value = term ? term.value.slice(0, 10) : "";
  }
  by("active").textContent = found.length;
  by("active").hidden = !found.length;
}

function unfold(open) {
  by("chips").hidden = !open;
  by("chips-open").setAttribute("aria-expanded", open);
  prefer("chips", open ? "open" : "closed");
}

let told = "";

function tell() {
  const all = state.filter ? `${counted(state.ids.length)} of ${photos(state.total)}` : photos(state.total);
  by("count").textContent = all;
  if (told && told !== all) announce(all);
  told = all;
}
